"""Results and one's own ballot in a real browser on a telephone, looked over by axe, scripts on and off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.calling_off import call_off
from tests.browser import OpenWindow
from tests.looked_over import looks_well, one_database
from tests.served import served
from tests.topics.counted import FERRY, GRID, RUBBLE, CountedRound, counted
from tests.topics.people import opened, writing

pytestmark = pytest.mark.usefixtures("problems")

RESULTS = "/rounds/winter-energy/results"
SEVEN = ((GRID, RUBBLE), (GRID, RUBBLE), (GRID,), (GRID,), (FERRY,), (RUBBLE,), (GRID, FERRY))


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough here: what pages look like rests on none."""
    return one_database(sqlite_template, tmp_path)


@pytest.fixture
def made(database: Database, clock: SteppedClock) -> CountedRound:
    return counted(database, clock, *SEVEN, dangerous=FERRY)


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The newsroom as it is served on this machine."""
    with served(app) as url:
        yield url


@pytest.mark.parametrize(("javascript", "dark"), [(True, False), (False, True)])
def test_a_voter_finds_their_ballot_among_the_results(
    made: CountedRound, site: str, open_window: OpenWindow, javascript: bool, dark: bool
) -> None:
    phone = open_window(width=390, javascript=javascript, dark=dark)
    phone.goto(f"{site}{RESULTS}")
    looks_well(phone, scripts=javascript)
    expect(phone.get_by_text("7 of 10 patrons voted")).to_be_visible()
    phone.get_by_role("link", name="Check my ballot").click()
    phone.get_by_label("Code of the ballot").fill("not mine")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("alert")).to_be_visible()
    looks_well(phone, scripts=javascript)
    phone.get_by_label("Code of the ballot").fill(made.codes[0].lower())
    phone.get_by_role("button", name="Look it up").click()
    expect(phone.get_by_text("This ballot was counted")).to_be_visible()
    expect(phone.get_by_text("Where does the rubble go?")).to_be_visible()
    assert made.codes[0] not in phone.url
    looks_well(phone, scripts=javascript)


def test_the_files_and_the_script_can_be_taken_home(made: CountedRound, site: str, open_window: OpenWindow) -> None:
    desk = open_window(width=1280)
    desk.goto(f"{site}{RESULTS}")
    names = []
    for link in ("All ballots", "The topics", "A script that counts them"):
        with desk.expect_download() as download:
            desk.get_by_role("link", name=link).click()
        names.append(download.value.suggested_filename)
    assert names == ["winter-energy-ballots.csv", "winter-energy-topics.csv", "recount.py"]
    assert made.codes


def test_a_round_that_was_called_off_says_why(
    database: Database, clock: SteppedClock, site: str, open_window: OpenWindow
) -> None:
    round_ = opened(database, now=clock.at)
    with writing(database) as session:
        call_off(session, round_.id, "The ferry was shelled.", by=None, now=clock.at)
    phone = open_window(width=390)
    phone.goto(f"{site}{RESULTS}")
    expect(phone.get_by_text("The ferry was shelled.")).to_be_visible()
    looks_well(phone)
