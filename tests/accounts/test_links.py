"""Signed links: looking changes nothing, a button acts, and a link dies with its time, its account or its address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.accounts.links import Opened, Purpose, link_path
from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.errors import WrongState
from tests.accounts.doors import person

REFERENCE = "0b9e6a1e-9f1e-4a44-9c1f-0d8f9a3a2b11"
ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}


@dataclass
class Planted:
    """A purpose of the tests' own, which counts what was done."""

    acted: list[str] = field(default_factory=list)

    def show(self, session: Session, opened: Opened, *, action: str, now: datetime) -> str:
        whose = opened.account.email if opened.account else "nobody"
        return f'<form method="post" action="{action}">{opened.reference} of {whose}</form>'

    def act(self, session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> str | None:
        if form.get("choice") == "late":
            raise WrongState("This has been settled meanwhile.")
        self.acted.append(opened.reference)
        return form.get("next")


@pytest.fixture
def planted(app: Flask) -> Planted:
    planted = Planted()
    week = timedelta(days=7)
    app.extensions["links"] = {
        "planted": Purpose(week, planted.show, planted.act),
        "other": Purpose(week, planted.show, planted.act),
        "shown": Purpose(week, planted.show),
    }
    return planted


@pytest.fixture
def owner(app: Flask, database: Database, now: datetime) -> Account:
    return person(database, "anna@example.org", now=now)


def link(app: Flask, owner: Account | None, clock: SteppedClock, purpose: str = "planted") -> str:
    with app.app_context():
        return link_path(purpose, REFERENCE, owner, now=clock.now())


def test_looking_at_a_link_shows_its_page_and_does_nothing(
    app: Flask, client: FlaskClient, planted: Planted, owner: Account, clock: SteppedClock
) -> None:
    path = link(app, owner, clock)
    for headers in ({}, {"Sec-Purpose": "prefetch"}, ELSEWHERE):
        page = client.get(path, headers=headers)
        assert page.status_code == 200
        assert f"{REFERENCE} of anna@example.org" in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Robots-Tag"] == "noindex"
    assert client.head(path).status_code == 200
    assert planted.acted == []


def test_the_button_acts_and_leads_back_or_on(
    app: Flask, client: FlaskClient, planted: Planted, owner: Account, clock: SteppedClock
) -> None:
    path = link(app, owner, clock)
    answer = client.post(path)
    assert (answer.status_code, answer.location) == (303, path)
    assert client.post(path, data={"next": "/topics"}).location == "/topics"
    assert planted.acted == [REFERENCE, REFERENCE]


def test_a_link_of_somebody_without_an_account_opens_too(
    app: Flask, client: FlaskClient, planted: Planted, clock: SteppedClock
) -> None:
    assert "of nobody" in client.get(link(app, None, clock)).text


def test_another_site_cannot_press_the_button(
    app: Flask, client: FlaskClient, planted: Planted, owner: Account, clock: SteppedClock
) -> None:
    assert client.post(link(app, owner, clock), headers=ELSEWHERE).status_code == 403
    assert planted.acted == []


def test_an_old_link_is_over_and_says_the_way_on(
    app: Flask, client: FlaskClient, planted: Planted, owner: Account, clock: SteppedClock
) -> None:
    path = link(app, owner, clock)
    clock.advance(timedelta(days=7))
    assert client.get(path).status_code == 200
    clock.advance(timedelta(seconds=1))
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 410
        assert answer.headers["Cache-Control"] == "no-store"
        assert 'href="/account"' in answer.text
        assert "anna" not in answer.text
    assert planted.acted == []


@pytest.mark.parametrize("column", ["link_version", "erased_at"])
def test_a_link_dies_with_the_address_and_with_the_account(
    column: str,
    app: Flask,
    client: FlaskClient,
    database: Database,
    planted: Planted,
    owner: Account,
    clock: SteppedClock,
) -> None:
    path = link(app, owner, clock)
    with database.session() as session, transaction(session):
        account = session.get_one(Account, owner.id)
        setattr(account, column, 2 if column == "link_version" else clock.now())
    assert client.get(path).status_code == 410
    assert client.post(path).status_code == 410
    assert planted.acted == []


def test_what_we_did_not_write_is_not_known(
    app: Flask, client: FlaskClient, planted: Planted, owner: Account, clock: SteppedClock
) -> None:
    path = link(app, owner, clock)
    altered = path[:-3] + ("AAA" if path[-3:] != "AAA" else "BBB")
    for wrong in (
        altered,
        path[:-10],
        path.replace("/planted/", "/other/"),
        path.replace("/planted/", "/unknown/"),
        "/links/planted/x",
        "/links/planted/%E2%82%AC",
        "/links/planted/" + "x" * 5000,
    ):
        assert client.get(wrong).status_code == 404, wrong
        assert client.post(wrong).status_code == 404, wrong
    assert planted.acted == []


def test_a_refused_act_says_why_with_its_status(
    app: Flask, client: FlaskClient, planted: Planted, owner: Account, clock: SteppedClock
) -> None:
    answer = client.post(link(app, owner, clock), data={"choice": "late"})
    assert answer.status_code == 409
    assert "This has been settled meanwhile." in answer.text


def test_a_link_that_only_shows_takes_no_button(
    app: Flask, client: FlaskClient, planted: Planted, owner: Account, clock: SteppedClock
) -> None:
    assert client.post(link(app, owner, clock, "shown")).status_code == 405
