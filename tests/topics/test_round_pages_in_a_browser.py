"""The pages of rounds in a real browser: an editor's telephone from draft to danger, a reader's desk in the dark."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from membership.clock import SteppedClock
from membership.db import Database
from tests.accounts.doors import sign_in
from tests.browser import OpenWindow
from tests.looked_over import looks_well, one_database, telephone_of
from tests.served import served
from tests.topics.people import TITLES, shortlisted

pytestmark = pytest.mark.usefixtures("problems")


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough here: what pages look like rests on none."""
    return one_database(sqlite_template, tmp_path)


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The newsroom as it is served on this machine."""
    with served(app) as url:
        yield url


@pytest.fixture
def phone(client: FlaskClient, site: str, open_window: OpenWindow, clock: SteppedClock) -> Page:
    """The telephone of an editor."""
    sign_in(client, "editor@example.org", "editor", now=clock.at)
    return telephone_of(client, open_window, site)


def test_an_editor_takes_a_round_from_the_draft_to_the_danger_on_a_telephone(
    phone: Page, site: str, database: Database, open_window: OpenWindow, clock: SteppedClock
) -> None:
    reader = open_window(width=1280, dark=True)
    reader.goto(f"{site}/rounds")
    expect(reader.get_by_text("No round yet")).to_be_visible()
    phone.goto(f"{site}/staff/rounds")
    expect(phone.get_by_role("heading", name="First round")).to_be_visible()
    shortlisted(database, TITLES, now=clock.at)
    phone.reload()
    looks_well(phone)
    phone.get_by_role("link", name="Copy this template").click()
    phone.get_by_label("Title").fill("Winter energy")
    phone.get_by_label("Question").fill("What should we report in December?")
    for title in TITLES[:3]:
        phone.locator(".choice").filter(has_text=title).click()
    phone.get_by_text("Who, what it takes, what it will not be").first.click()
    phone.get_by_label("Who would do it").first.fill("Olena")
    phone.get_by_label("What it takes").first.fill("Two weeks, a translator, a car with fuel for the way back")
    looks_well(phone)
    phone.get_by_role("button", name="Keep the draft").click()
    phone.get_by_role("link", name="Rehearse it").click()
    phone.locator(".choice").first.click()
    phone.get_by_role("button", name="Cast a practice ballot").click()
    looks_well(phone)
    phone.get_by_role("button", name="Count them").click()
    expect(phone.get_by_role("cell", name="Chosen")).to_be_visible()
    looks_well(phone)
    phone.get_by_role("link", name="To the round").click()
    phone.get_by_role("button", name="Announce it").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    for box in phone.locator("#announce .choice").all():
        box.click()
    looks_well(phone)
    phone.get_by_role("button", name="Announce it").click()
    expect(phone.get_by_text("It opens by itself")).to_be_visible()
    looks_well(phone)
    reader.reload()
    looks_well(reader)
    reader.get_by_role("link", name="Winter energy").click()
    looks_well(reader)
    phone.get_by_role("button", name="Open it now").click()
    phone.get_by_text("A topic has become dangerous").click()
    phone.locator("#danger").fill("The depot was shelled; who goes there is seen.")
    looks_well(phone)
    phone.get_by_role("button", name="Mark it, and tell everyone").click()
    expect(phone.get_by_text("The depot was shelled")).to_be_visible()
    phone.goto(f"{site}/staff/rounds")
    looks_well(phone)
    clock.advance(timedelta(minutes=2))
    reader.reload()
    expect(reader.get_by_text("The depot was shelled")).to_be_visible()
    looks_well(reader)
    reader.get_by_role("link", name="How we decide").click()
    looks_well(reader)
