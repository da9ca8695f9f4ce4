"""Where giving is dangerous, and a lost mailbox, in a real browser on a telephone, looked over by axe."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.demo import content
from membership.newsroom.commands import load_tables
from membership.newsroom.danger import load_danger
from membership.settings import Settings
from membership.wiring import LOADERS
from tests.accounts.doors import mails, person, sign_in, text_of
from tests.accounts.test_lost_mailboxes import FINANCE, NEW, OLD, pays
from tests.browser import OpenWindow
from tests.looked_over import looks_well, one_database
from tests.served import served

pytestmark = pytest.mark.usefixtures("problems")


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough here: what pages look like rests on none."""
    return one_database(sqlite_template, tmp_path)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, trusted_proxies=1, country_header="CF-IPCountry")


@pytest.fixture
def site(app: Flask, database: Database, clock: SteppedClock) -> Iterator[str]:
    """The demo's newsroom as it is served on this machine."""
    with app.app_context(), database.session() as session, transaction(session):
        load_tables(session, content.newsroom(), LOADERS, now=clock.at)
    with served(app) as url:
        yield url


def test_what_is_dangerous_is_read_before_the_amounts(
    site: str, open_window: OpenWindow, database: Database, clock: SteppedClock
) -> None:
    phone = open_window(width=390)
    phone.goto(f"{site}/support")
    says = phone.get_by_text("a donation to us can be prosecuted")
    expect(says).to_be_hidden()
    phone.get_by_text("Where is it risky?").click()
    expect(says).to_be_visible()
    looks_well(phone)
    phone.set_extra_http_headers({"CF-IPCountry": "RU"})
    phone.goto(f"{site}/support")
    expect(says).to_be_visible()
    assert top(phone, ".notice.bad") < top(phone, ".amounts")
    looks_well(phone)
    with database.session() as session, transaction(session):
        load_danger(session, {"closed": "The bank of the newsroom is being moved."}, now=clock.at)
    phone.goto(f"{site}/support")
    expect(phone.get_by_role("heading", name="We take no money at the moment")).to_be_visible()
    looks_well(phone)


def test_finance_moves_an_account_and_its_owner_keeps_it(
    app: Flask,
    client: FlaskClient,
    site: str,
    open_window: OpenWindow,
    database: Database,
    clock: SteppedClock,
) -> None:
    owner = person(database, OLD, now=clock.at)
    with database.session() as session, transaction(session):
        pays(session, owner, 417, "4242", clock.at)
    sign_in(client, FINANCE, "finance", now=clock.at)
    cookie = client.get_cookie("membership")
    assert cookie is not None
    phone = open_window(width=390)
    phone.context.add_cookies([{"name": "membership", "value": cookie.value, "url": site}])
    phone.goto(f"{site}/staff/danger")
    looks_well(phone)
    phone.goto(f"{site}/staff/mailboxes")
    phone.get_by_label("Address of the account").fill(OLD)
    phone.get_by_label("New address").fill(NEW)
    phone.get_by_label("Number of a receipt").fill("2026-00417")
    phone.get_by_role("button", name="Move the account").click()
    expect(phone.get_by_role("alert")).to_contain_text("Give two of the three facts.")
    looks_well(phone)
    phone.get_by_label("Last four digits").fill("4242")
    phone.get_by_role("button", name="Move the account").click()
    expect(phone.get_by_role("button", name="Call it off")).to_be_visible()
    looks_well(phone)
    phone.context.clear_cookies()
    letter = next(text_of(each) for each in mails(app) if each["To"] == OLD)
    link = re.search(r"/links/mailbox-refusal/\S+", letter)
    assert link
    phone.goto(site + link[0])
    looks_well(phone)
    phone.get_by_role("button", name="Keep my address").click()
    expect(phone.get_by_role("heading", name="Your address stays")).to_be_visible()
    looks_well(phone)


def top(page: Page, what: str) -> float:
    box = page.locator(what).first.bounding_box()
    assert box is not None
    return box["y"]
