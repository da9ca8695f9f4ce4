"""Both ways to write a vote do the same: by one statement on PostgreSQL, and by one for each table anywhere."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.models import OutboxRow
from membership.topics import ballots, saving
from membership.topics.ballots import StaleBallot, ballot_of, cast
from membership.topics.models import OpenBallot, OpenChoice, RollEntry
from tests.topics.people import opened, patrons, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
# Who, what, and the version that they saw.
STEPS: Sequence[tuple[int, tuple[str, ...], int]] = (
    (0, (GRID, FERRY), 0),
    (1, (RUBBLE,), 0),
    (0, (FERRY, RUBBLE), 1),
    (0, (GRID,), 1),  # an old page
    (0, (FERRY, RUBBLE), 2),  # nothing new, saved all the same
    (1, (), 1),
    (1, (GRID, RUBBLE), 0),  # an old page
    (0, (), 3),
    (1, (GRID,), 2),
)


# `save` takes one statement on PostgreSQL.
@pytest.mark.parametrize("way", ["save", "save_in_turn"])
def test_a_history_of_votes_leaves_the_same_rows_whichever_way_it_was_written(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(ballots, "save", getattr(saving, way))
    voters = patrons(database, 2, now=clock.at)
    round_ = opened(database, now=clock.at)
    stale = 0
    for place, (who, choices, version) in enumerate(STEPS):
        clock.advance(timedelta(minutes=1))
        try:
            with writing(database) as session:
                kept = cast(session, round_.id, voters[who].id, choices, version=version, clock=clock)
        except StaleBallot:
            stale += 1
            continue
        with database.session() as session:
            stands = ballot_of(session, _entry(session, voters[who].id).id)
            assert kept == stands, place
            assert kept.choices == frozenset(choices)
            assert _entry(session, voters[who].id).voted_at == _first_vote(place, clock.at), place
    assert stale == 2
    assert _rows(database) == [(0, 4, ()), (1, 3, ("who-repairs-the-grid",))]
    with database.session() as session:
        letters = select(OutboxRow.key).where(OutboxRow.kind == "ballot_receipt")
        assert len(session.scalars(letters).all()) == 2


def _first_vote(place: int, at: datetime) -> datetime | None:
    """When the voter of this step came into the turnout: changing a vote leaves that, withdrawing it does not."""
    who, choices, _version = STEPS[place]
    if not choices:
        return None
    before = [step for step in range(place) if STEPS[step][0] == who and step not in (3, 6)]
    first = place
    while before and STEPS[before[-1]][1]:
        first = before.pop()
    return at - timedelta(minutes=place - first)


def _entry(session: Any, account_id: int) -> RollEntry:
    entry: RollEntry = session.scalars(select(RollEntry).where(RollEntry.account_id == account_id)).one()
    return entry


def _rows(database: Database) -> list[tuple[int, int, tuple[str, ...]]]:
    """Each ballot: whose it is, its version, and what it names."""
    with database.session() as session:
        found = session.scalars(select(OpenBallot).order_by(OpenBallot.id)).all()
        assert len(session.scalars(select(OpenChoice.topic_id)).all()) == 1
        return [
            (place, each.version, tuple(ballot_of(session, each.roll_id).choices)) for place, each in enumerate(found)
        ]
