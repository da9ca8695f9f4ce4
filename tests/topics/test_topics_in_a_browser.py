"""Proposing, following and answering a topic in a real browser on a telephone, looked over by axe."""

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
from tests.topics.people import give, shortlisted, writing

pytestmark = pytest.mark.usefixtures("problems")

GRID = "who-repairs-the-grid"


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
def phone(client: FlaskClient, database: Database, site: str, open_window: OpenWindow, clock: SteppedClock) -> Page:
    """The telephone of an editor who gives."""
    owner = sign_in(client, "ada@example.org", "editor", now=clock.at)
    with writing(database) as session:
        give(session, owner, now=clock.at)
    shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    return telephone_of(client, open_window, site)


def test_a_topic_is_proposed_answered_and_followed_on_a_telephone(phone: Page, site: str, clock: SteppedClock) -> None:
    phone.goto(f"{site}/topics")
    looks_well(phone)
    phone.get_by_role("link", name="Propose a topic").click()
    phone.get_by_label("What should we look into?").press_sequentially("Who repairs the grid at night?")
    expect(phone.get_by_text("Is it one of these?")).to_be_visible()
    looks_well(phone)
    phone.get_by_label("Why does it matter?").fill("כי אף אחד לא בדק.\n\n" + "https://example.org/" + "long" * 60)
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("your proposal is here")).to_be_visible()
    looks_well(phone)
    clock.advance(timedelta(days=20))
    phone.goto(f"{site}/staff/topics")
    expect(phone.get_by_text("waits for 20 days")).to_be_visible()
    looks_well(phone)
    phone.get_by_role("link", name="Decline or withhold").click()
    phone.get_by_text("Withhold for safety").click()
    looks_well(phone)
    phone.get_by_label("nobody else").fill("Someone could be found by it.")
    phone.get_by_role("button", name="Withhold it").click()
    phone.goto(f"{site}/topics/{GRID}")
    looks_well(phone)
    phone.get_by_role("button", name="Follow").click()
    expect(phone.get_by_text("You follow this topic")).to_be_visible()
    looks_well(phone)
    phone.get_by_role("link", name="All that you follow").click()
    expect(phone.get_by_text("Someone could be found by it.")).to_be_visible()
    looks_well(phone)
    phone.goto(f"{site}/topics/years/{clock.at.year}")
    looks_well(phone)


def test_similar_topics_are_shown_without_scripts_before_a_proposal_is_taken(
    phone: Page, site: str, open_window: OpenWindow
) -> None:
    page = open_window(width=390, javascript=False)
    page.context.add_cookies(
        [{"name": each["name"], "value": each["value"], "url": site} for each in phone.context.cookies()]
    )
    page.goto(f"{site}/topics/proposal")
    page.get_by_label("What should we look into?").fill("Who repairs the grid at night?")
    page.get_by_label("Why does it matter?").fill("Nobody has looked.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Is it one of these?")).to_be_visible()
    page.get_by_role("button", name="Mine is another one").click()
    expect(page.get_by_text("your proposal is here")).to_be_visible()
