"""What the release before this one leaves: it may run until the new one starts, on tables that are new already."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.models import OutboxRow
from membership.outbox.rows import enqueue
from membership.topics.calling_off import call_off
from membership.topics.keeping import close_due
from membership.topics.models import RollEntry, Round
from tests.accounts.doors import mails
from tests.topics.people import opened, patrons, vote, writing

GRID = "who-repairs-the-grid"


@pytest.fixture
def round_(database: Database, me: Account, now: datetime) -> Round:
    """A round as the release before opens it: it knows nothing of announcements."""
    made = opened(database, now=now)
    with writing(database) as session:
        session.execute(update(Round).values(announced_at=None))
    return made


@pytest.mark.usefixtures("round_")
def test_a_round_that_it_opened_is_open(client: FlaskClient) -> None:
    page = "/rounds/winter-energy"
    assert "Winter energy" in client.get("/rounds").text
    assert client.get(page).status_code == 200
    assert client.post(f"{page}/ballot", data={"version": "0", "choices": GRID}).status_code == 303
    assert "Your vote is in" in client.get(f"{page}/ballot").text
    assert page in client.get("/topics").text


def test_a_round_that_it_opened_can_be_called_off(
    client: FlaskClient, database: Database, clock: SteppedClock, round_: Round
) -> None:
    with writing(database) as session:
        call_off(session, round_.id, "Enough.", by=None, now=clock.at)
    assert "Enough." in client.get("/rounds/winter-energy").text


def test_a_round_that_it_opened_is_counted(
    client: FlaskClient, database: Database, clock: SteppedClock, round_: Round
) -> None:
    clock.at = round_.closes_at
    assert "ounting" in client.get("/rounds/winter-energy").text
    assert close_due(database, clock) == 1
    assert client.get("/rounds/winter-energy/results").status_code == 200


def test_who_was_to_hear_of_a_result_still_hears_it_once(app: Flask, database: Database, clock: SteppedClock) -> None:
    voters = patrons(database, 2, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    with writing(database) as session:
        # It wrote a side effect for each voter instead of one for all.
        session.execute(update(OutboxRow).where(OutboxRow.kind == "round_results").values(done_at=clock.at, payload={}))
        for entry in session.scalars(select(RollEntry).where(RollEntry.voted_at.is_not(None))):
            enqueue(session, "round_results", f"{round_.slug}.{entry.key}", {"roll_id": entry.id}, now=clock.at)
    told = [str(letter["To"]) for letter in mails(app) if "Results" in str(letter["Subject"])]
    assert sorted(told) == sorted(voter.email for voter in voters)
    with database.session() as session:
        assert set(session.scalars(select(OutboxRow.last_error))) == {None}
