"""Letters, credit and the yearly statement in a real browser on a telephone, looked over by axe."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from membership.clock import SteppedClock
from membership.db import Database
from membership.money import Money
from tests.accounts.doors import mails, sign_in
from tests.accounts.reports import tell
from tests.browser import OpenWindow
from tests.looked_over import looks_well, one_database, telephone_of
from tests.served import served
from tests.support.years import MARCH, a_year_of, paid, refunded
from tests.topics.people import writing

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
def phone(
    app: Flask, client: FlaskClient, database: Database, site: str, open_window: OpenWindow, clock: SteppedClock
) -> Page:
    """The telephone of somebody who gave, voted, and was written to."""
    owner = sign_in(client, "ada@example.org", now=clock.at)
    with writing(database) as session:
        in_autumn = MARCH + timedelta(days=190)
        paid(session, owner, Money(123_400, "UAH"), in_autumn, state="disputed", receipt=2)
        whole = paid(session, owner, Money(1000, "EUR"), MARCH, receipt=1)
        refunded(session, whole, Money(300, "EUR"), MARCH, number=7)
    a_year_of(database, owner, clock=clock)
    tell(database, owner, "Winter roads", now=clock.at)
    return telephone_of(client, open_window, site)


def test_letters_are_stopped_from_the_page_and_from_the_letter(app: Flask, phone: Page, site: str) -> None:
    phone.goto(f"{site}/account")
    phone.get_by_role("link", name="Letters").click()
    looks_well(phone)
    phone.get_by_role("button", name="Stop: Results of rounds").click()
    expect(phone.get_by_text("Saved.")).to_be_visible()
    phone.get_by_role("button", name="Send me: Results of rounds").click()
    # The link works in a browser that is signed in nowhere.
    phone.context.clear_cookies()
    link = re.search(r"/mail/unsubscribe/[\w.-]+", str(mails(app)[-1]["List-Unsubscribe"]))
    assert link
    phone.goto(site + link[0])
    looks_well(phone)
    phone.get_by_role("button", name="Stop them").click()
    expect(phone.get_by_role("heading", name="Stopped")).to_be_visible()
    looks_well(phone)
    phone.get_by_role("button", name="Send them again").click()
    expect(phone.get_by_role("heading", name="They come again")).to_be_visible()


def test_a_name_is_seen_as_it_will_be_printed_before_it_is_kept(phone: Page, site: str) -> None:
    phone.goto(f"{site}/account")
    phone.get_by_role("link", name="Your name under articles").click()
    phone.get_by_label("Your name").fill("Olena Koval")
    phone.get_by_role("radio", name="By initials").check()
    phone.get_by_role("button", name="Show how it looks").click()
    expect(phone.get_by_text("Voted in this round: O. K. and others.")).to_be_visible()
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("Saved")).to_be_visible()
    looks_well(phone)


def test_the_statement_can_be_read_on_a_telephone_and_printed(phone: Page, site: str) -> None:
    phone.goto(f"{site}/account")
    phone.get_by_role("link", name="Yearly statements").click()
    looks_well(phone)
    phone.get_by_role("link", name="Statement for 2026").click()
    expect(phone.get_by_text("You voted in 1 round.")).to_be_visible()
    looks_well(phone)
    phone.get_by_role("link", name="Statement for 2025").click()
    expect(phone.get_by_text("C-2025-00007")).to_be_visible()
    looks_well(phone)
    # No amount stands beyond the edge.
    assert phone.locator(".scroll").evaluate_all("all => all.every(each => each.scrollWidth <= each.clientWidth)")
    phone.emulate_media(media="print")
    expect(phone.get_by_text("print this page")).to_be_hidden()


def test_what_was_paid_long_ago_stands_on_a_page_of_its_own(
    client: FlaskClient, database: Database, open_window: OpenWindow, site: str, clock: SteppedClock
) -> None:
    owner = sign_in(client, "ada@example.org", now=clock.at)
    with writing(database) as session:
        for month in range(14):
            paid(session, owner, Money(500 + month, "EUR"), MARCH + timedelta(days=31 * month), receipt=month + 1)
    page = telephone_of(client, open_window, site)
    page.goto(f"{site}/account")
    expect(page.locator("b", has_text="€5.02")).to_be_visible()
    expect(page.locator("b", has_text="€5.01")).to_have_count(0)
    page.get_by_role("link", name="All payments").click()
    expect(page.locator("b", has_text="€5.01")).to_be_visible()
    looks_well(page)
