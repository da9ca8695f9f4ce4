"""The page of results: what was chosen, what could not be, and what there is to count again."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, request, request_started
from flask.testing import FlaskClient
from sqlalchemy import select, update

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.calling_off import call_off
from membership.topics.models import Topic
from membership.topics.promises import promise
from membership.topics.results import results_of
from tests.topics.counted import FERRY, GRID, RUBBLE, counted
from tests.topics.people import opened, writing

ROUND = "/rounds/winter-energy"
FIVE = ((GRID, RUBBLE), (GRID, RUBBLE), (GRID,), (GRID,), (FERRY,))


@pytest.fixture
def rendered(app: Flask) -> Iterator[list[str]]:
    """The paths of what was rendered anew, and not answered by the page cache."""
    paths: list[str] = []

    def note(_sender: object, **_extra: object) -> None:
        paths.append(request.path)

    with request_started.connected_to(note, app):
        yield paths


def test_a_topic_that_turned_dangerous_keeps_its_votes_and_cannot_win(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    made = counted(database, clock, *FIVE, dangerous=GRID)
    with database.session() as session:
        results = results_of(session, made.round)
    assert [(each.slug, each.votes, each.chosen, each.can_win) for each in results.topics] == [
        (GRID, 4, False, False),
        (RUBBLE, 2, True, True),
        (FERRY, 1, False, True),
    ]
    page = client.get(f"{ROUND}/results").text
    assert "Chosen: Where does the rubble go?" in page
    assert "Could not win" in page
    assert "Who repairs the grid? (could not win)" in page
    assert "It was shelled." in page


def test_a_withheld_topic_leads_nowhere_from_the_results(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    counted(database, clock, *FIVE)
    with writing(database) as session:
        session.execute(update(Topic).where(Topic.slug == RUBBLE).values(state="withheld"))
    page = client.get(f"{ROUND}/results").text
    assert f'href="/topics/{RUBBLE}"' not in page
    assert f'href="/topics/{FERRY}"' in page


def test_the_results_say_who_does_what_was_chosen_and_when_it_gets_late(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    counted(database, clock, *FIVE)
    assert "Nobody has promised a day yet." in client.get(f"{ROUND}/results").text
    with writing(database) as session:
        topic = session.scalars(select(Topic).where(Topic.slug == GRID)).one()
        on = (clock.at + timedelta(days=1)).date()
        promise(session, topic, "Olena", on, by=None, zone=ZoneInfo("UTC"), now=clock.at)
    assert "Olena does it, by" in client.get(f"{ROUND}/results").text
    clock.advance(timedelta(days=3))
    assert "late by 2 days" in client.get(f"{ROUND}/results").text


def test_the_results_lead_to_all_that_one_needs_to_doubt_them(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    counted(database, clock, *FIVE)
    page = client.get(f"{ROUND}/results").text
    for path in ("ballots.csv", "topics.csv", "check", "how-we-decide"):
        assert f'href="{ROUND}/{path}"' in page
    assert 'href="/static/recount.py?v=' in page
    assert "nothing ties a ballot to a person" in page


def test_under_five_ballots_the_results_lead_to_no_file(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    counted(database, clock, *FIVE[:4], dangerous=FERRY)
    page = client.get(f"{ROUND}/results").text
    assert ".csv" not in page
    assert f'href="{ROUND}/check"' in page
    assert "(Could not win)" in page


@pytest.mark.parametrize("page", ["results", "ballots.csv", "topics.csv"])
def test_the_second_who_asks_is_answered_by_the_page_cache(
    client: FlaskClient, database: Database, clock: SteppedClock, rendered: list[str], page: str
) -> None:
    counted(database, clock, *FIVE)
    first, second = (client.get(f"{ROUND}/{page}", buffered=True) for _ in range(2))
    assert first.status_code == 200
    assert first.data == second.data
    assert rendered == [f"{ROUND}/{page}"]


def test_a_round_that_was_called_off_says_why_and_shows_nothing(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.at)
    with writing(database) as session:
        call_off(session, round_.id, "The ferry was shelled.", by=None, now=clock.at)
    answer = client.get(f"{ROUND}/results")
    assert answer.status_code == 200
    assert "Reason: The ferry was shelled." in answer.text
    for page in ("check", "ballots.csv", "topics.csv"):
        refused = client.get(f"{ROUND}/{page}")
        assert refused.status_code == 404
        assert "was called off" in refused.text
