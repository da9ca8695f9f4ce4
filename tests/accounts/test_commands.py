"""The command line makes accounts, links and staff, and the audit log says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.audit import verify_chain
from membership.accounts.forgetting import forget_requests
from membership.accounts.models import AuditEntry
from membership.accounts.roles import roles_of
from membership.clock import SteppedClock
from membership.db import Database
from tests.accounts.doors import accounts

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    return lambda *args: app.test_cli_runner().invoke(args=args)


def acts(database: Database) -> list[str]:
    with database.session() as session:
        verify_chain(session)
        return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def test_an_account_is_created_once(run: Run, database: Database) -> None:
    assert "has an account now" in run("accounts", "create", "Olena@example.org").output
    assert "already" in run("accounts", "create", "olena@example.org").output
    assert list(accounts(database)) == ["olena@example.org"]
    assert acts(database) == ["account made"]


def test_a_printed_link_signs_in(run: Run, client: FlaskClient, database: Database) -> None:
    result = run("accounts", "sign-in-link", "olena@example.org")
    link = result.output.strip().removeprefix("http://localhost:8000")
    assert client.get(link).status_code == 200
    assert client.post(link).location == "/account"
    assert accounts(database)["olena@example.org"].verified_at is not None
    assert acts(database) == ["sign-in link printed"]


def test_outside_the_demo_a_link_is_printed_only_when_meant(app: Flask, run: Run, database: Database) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], mode="live")
    refused = run("accounts", "sign-in-link", "olena@example.org")
    assert refused.exit_code == 2
    assert "--yes" in refused.output
    assert acts(database) == []
    assert "/sign-in/" in run("accounts", "sign-in-link", "olena@example.org", "--yes").output
    assert acts(database) == ["sign-in link printed"]


def test_a_role_is_granted_to_somebody_without_an_account(run: Run, database: Database) -> None:
    assert run("staff", "grant", "editor@example.org", "editor").output == "editor@example.org is editor.\n"
    assert "already" in run("staff", "grant", "editor@example.org", "editor").output
    with database.session() as session:
        assert roles_of(session, accounts(database)["editor@example.org"].id) == {"editor"}
    assert acts(database) == ["granted editor"]


@pytest.mark.parametrize(
    "args",
    [
        ("staff", "grant", "editor@example.org", "owner"),
        ("staff", "grant", "editor", "editor"),
        ("accounts", "create", "a@b@c"),
        ("accounts", "sign-in-link", ""),
    ],
)
def test_what_is_no_address_or_role_is_refused(run: Run, database: Database, args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert not accounts(database)


def test_old_requests_are_forgotten_by_the_clock(
    app: Flask, run: Run, client: FlaskClient, clock: SteppedClock
) -> None:
    link = run("accounts", "sign-in-link", "olena@example.org").output.strip().removeprefix("http://localhost:8000")
    clock.advance(timedelta(hours=49))
    assert "too old" in client.get(link).text
    forget_requests(app.extensions["seams"])
    assert "do not know" in client.get(link).text
