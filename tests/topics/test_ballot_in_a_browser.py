"""The ballot in a real browser: saved at once by keyboard, in two tabs, without scripts; axe looks on."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import update

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.keeping import close_due
from membership.topics.models import MoveText, RoundTopic
from membership.topics.opening import open_round
from membership.topics.round_terms import Candidate
from tests.accounts.doors import sign_in
from tests.browser import OpenWindow, Problems
from tests.looked_over import looks_well, one_database
from tests.served import served
from tests.topics.people import WEEK, give, shortlisted, writing

BALLOT = "/rounds/winter-energy/ballot"
PICTURES = "BALLOT_PICTURES"

Window = Callable[..., Page]


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
def window(client: FlaskClient, database: Database, site: str, open_window: OpenWindow, clock: SteppedClock) -> Window:
    """Opens windows of one patron, who is signed in, while a round is open."""
    owner = sign_in(client, "ada@example.org", now=clock.at)
    with writing(database) as session:
        give(session, owner, now=clock.at)
    topics = shortlisted(database, now=clock.at)
    named = [
        Candidate(topic.slug, "Olena Marchuk", "Three weeks and two trips.", "A list of the guilty.")
        for topic in topics
    ]
    with writing(database) as session:
        open_round(
            session,
            "Winter energy",
            "What should we report?",
            named,
            closes_at=clock.at + WEEK,
            choices=2,
            winners=1,
            by=None,
            now=clock.at,
        )
    cookie = client.get_cookie("membership")
    assert cookie is not None

    def window(**look: object) -> Page:
        page = open_window(**look)  # type: ignore[arg-type]  # as it takes them
        page.context.add_cookies([{"name": "membership", "value": cookie.value, "url": site}])
        return page

    return window


def test_each_choice_is_saved_at_once_by_keyboard(database: Database, window: Window, site: str) -> None:
    page = window(width=390)
    page.goto(site + BALLOT)
    is_looked_over(page, "empty")
    boxes, status = page.get_by_role("checkbox"), page.locator("#saved")
    expect(page.get_by_role("button", name="Cast the vote")).to_be_hidden()
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    expect(status).to_have_text("Saved 12:00. You can change it until the close.")
    expect(page.get_by_role("heading", name="Your receipt")).to_be_visible()
    receipt = page.locator("#receipt").inner_text()
    expect(boxes.nth(0)).to_be_focused()
    is_looked_over(page, "saved")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(boxes.nth(1)).to_be_checked()
    expect(page.locator("[data-ballot] [name=version]")).to_have_value("2")
    # There is room for two: the third is said, not sent.
    boxes.nth(2).press("Space")
    expect(boxes.nth(2)).not_to_be_checked()
    expect(status).to_have_text("You can choose up to 2 topics. Take one away first.")
    page.reload()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)
    assert page.locator("#receipt").inner_text() == receipt
    for place in (0, 1):
        boxes.nth(place).press("Space")
    expect(page.get_by_text("Your vote is withdrawn", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Your receipt")).to_be_hidden()
    is_looked_over(page, "withdrawn")


def test_two_tabs_are_shown_both_choices_and_one_is_kept(window: Window, site: str, problems: Problems) -> None:
    first, second = window(width=1280, dark=True), window(width=1280, dark=True)
    for each in (first, second):
        each.goto(site + BALLOT)
    first.get_by_role("checkbox").nth(0).check()
    expect(first.locator("#saved")).to_contain_text("Saved")
    second.get_by_role("checkbox").nth(1).check()
    expect(second.get_by_text("What stands now")).to_be_visible()
    is_looked_over(second, "two tabs")
    # The browser itself notes the refusal that the script then shows as a page.
    assert len(problems.found) == 1
    assert "409" in problems.found.pop()
    second.get_by_role("button", name="Save the change").click()
    expect(second.get_by_text("Your vote is in")).to_be_visible()
    assert second.get_by_role("checkbox", checked=True).count() == 1


def test_without_scripts_the_form_saves_and_its_errors_are_said(window: Window, site: str) -> None:
    page = window(width=390, javascript=False)
    page.goto(site + BALLOT)
    for place in range(3):
        page.get_by_role("checkbox").nth(place).check()
    page.get_by_role("button", name="Cast the vote").click()
    expect(page.get_by_role("alert")).to_contain_text("this round has room for 2")
    page.get_by_role("checkbox").nth(2).uncheck()
    page.get_by_role("button", name="Cast the vote").click()
    expect(page.get_by_text("Your vote is in")).to_be_visible()
    page.get_by_role("button", name="Withdraw my vote").click()
    expect(page.get_by_text("Your vote is withdrawn")).to_be_visible()
    page.get_by_role("button", name="Remind me of rounds").click()
    expect(page.get_by_role("button", name="No reminders any more")).to_be_visible()


def test_what_cannot_win_what_has_closed_and_ones_own_votes_look_well(
    database: Database, window: Window, site: str, clock: SteppedClock
) -> None:
    page = window(width=390)
    page.goto(f"{site}/account/votes")
    is_looked_over(page, "votes")
    page.goto(site + BALLOT)
    page.get_by_role("checkbox").nth(0).check()
    expect(page.locator("#saved")).to_contain_text("Saved")
    with writing(database) as session:
        text = MoveText(text="Our source there was arrested.")
        session.add(text)
        session.flush()
        marked = {"endangered_at": clock.at, "endangered_text_id": text.id}
        session.execute(update(RoundTopic).where(RoundTopic.position <= 2).values(marked))
    page.reload()
    expect(page.get_by_text("cannot win")).to_have_count(2)
    is_looked_over(page, "dangerous")
    clock.at += WEEK
    close_due(database, clock)
    page.reload()
    expect(page.get_by_role("heading", name="This round has closed")).to_be_visible()
    is_looked_over(page, "closed")
    page.goto(f"{site}/account/votes")
    expect(page.get_by_text("You voted.")).to_be_visible()
    is_looked_over(page, "votes after")


def is_looked_over(page: Page, name: str) -> None:
    """Nothing stands beyond the edge, and axe finds nothing; `BALLOT_PICTURES=<folder>` keeps a picture."""
    if folder := os.environ.get(PICTURES):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    looks_well(page)
