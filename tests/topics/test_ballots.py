"""Casting, changing and withdrawing a vote."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import NotAllowed, NotFound, Refusal, WrongState
from membership.outbox.models import OutboxRow
from membership.outbox.rows import claim, finish
from membership.topics.ballots import NO_BALLOT, Ballot, StaleBallot, cast, in_ballot_order, voter_in
from membership.topics.models import RollEntry, RoundTopic, Topic
from membership.topics.roll import turnout
from tests.topics.people import TITLES, lapse, opened, patron, patrons, reader, vote, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"


def test_a_vote_is_kept_with_a_receipt(database: Database, clock: SteppedClock, now: datetime) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    ballot = vote(database, round_, voter, GRID, FERRY, clock=clock)
    assert (ballot.version, ballot.choices, ballot.changed_at) == (1, frozenset((GRID, FERRY)), now)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", ballot.receipt)
    with database.session() as session:
        assert turnout(session, round_.id) == 1


def test_a_changed_vote_replaces_the_choice_and_keeps_the_receipt(
    database: Database, clock: SteppedClock, now: datetime
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    first = vote(database, round_, voter, GRID, FERRY, clock=clock)
    second = vote(database, round_, voter, RUBBLE, clock=clock)
    assert (second.version, second.choices, second.receipt) == (2, frozenset((RUBBLE,)), first.receipt)
    with database.session() as session:
        assert turnout(session, round_.id) == 1


def test_a_withdrawn_vote_leaves_the_turnout_and_may_come_back(
    database: Database, clock: SteppedClock, now: datetime
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    first = vote(database, round_, voter, GRID, clock=clock)
    assert vote(database, round_, voter, clock=clock).choices == frozenset()
    with database.session() as session:
        assert turnout(session, round_.id) == 0
    assert vote(database, round_, voter, RUBBLE, clock=clock).receipt == first.receipt


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ([GRID, "lighthouse"], "lighthouse"),
        (["\x00"], "not a topic"),
        ([GRID, RUBBLE, FERRY], "3 topics"),
        ([GRID, GRID], "once"),
        ([], "at least one"),
    ],
    ids=["outside of the round", "no topic at all", "too many", "one twice", "none, with nothing to withdraw"],
)
def test_a_bad_choice_is_refused_and_nothing_is_kept(
    database: Database, clock: SteppedClock, now: datetime, choices: list[str], said: str
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    with pytest.raises(Refusal, match=said) as refused:
        vote(database, round_, voter, *choices, clock=clock)
    assert (refused.value.status, refused.value.field) == (422, "choices")
    with database.session() as session:
        assert voter_in(session, round_.id, voter.id).ballot == NO_BALLOT  # type: ignore[union-attr]  # on the roll
        assert session.scalars(select(OutboxRow)).all() == []


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=1)])
def test_from_the_close_on_no_vote_is_taken(
    database: Database, clock: SteppedClock, now: datetime, late: timedelta
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    clock.at = round_.closes_at - timedelta(microseconds=1)
    vote(database, round_, voter, GRID, clock=clock)
    clock.at = round_.closes_at + late
    with pytest.raises(WrongState, match="closed"):
        vote(database, round_, voter, RUBBLE, clock=clock)
    with database.session() as session:
        assert voter_in(session, round_.id, voter.id).ballot.choices == {GRID}  # type: ignore[union-attr]  # on the roll


def test_before_the_opening_no_vote_is_taken(database: Database, now: datetime) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    with pytest.raises(WrongState, match="not open"):
        vote(database, round_, voter, GRID, clock=SteppedClock(now - timedelta(seconds=1)))


def test_a_reader_may_not_vote_and_a_lapsed_patron_on_the_roll_may(
    database: Database, clock: SteppedClock, now: datetime
) -> None:
    lapsed = patron(database, "lapsed@example.org", now=now)
    round_ = opened(database, now=now)
    with writing(database) as session:
        lapse(session, lapsed, now=now)
    assert vote(database, round_, lapsed, GRID, clock=clock).version == 1
    with pytest.raises(NotAllowed, match="for patrons"):
        vote(database, round_, reader(database, "r@example.org", now=now), GRID, clock=clock)


def test_a_barred_entry_may_not_vote(database: Database, clock: SteppedClock, now: datetime) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    with writing(database) as session:
        entry = session.scalars(select(RollEntry).where(RollEntry.account_id == voter.id)).one()
        entry.barred_at, entry.barred_why = now, "refunded"
    with pytest.raises(NotAllowed):
        vote(database, round_, voter, GRID, clock=clock)


def test_a_second_tab_does_not_overwrite_what_it_has_not_seen(
    database: Database, clock: SteppedClock, now: datetime
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    kept = vote(database, round_, voter, GRID, clock=clock)
    with pytest.raises(StaleBallot) as stale, writing(database) as session:
        cast(session, round_.id, voter.id, [RUBBLE], version=0, clock=clock)
    assert stale.value.kept == kept
    assert stale.value.status == 409


def test_a_round_that_does_not_exist_takes_no_vote(database: Database, clock: SteppedClock, now: datetime) -> None:
    with pytest.raises(NotFound), writing(database) as session:
        cast(session, 99, 1, [GRID], version=0, clock=clock)


def test_the_order_on_the_ballot_is_stable_per_voter_and_differs_between_voters() -> None:
    slugs = [f"topic-{number}" for number in range(5)]
    orders = {in_ballot_order(slugs, f"key-{number}") for number in range(50)}
    assert in_ballot_order(slugs, "key-1") == in_ballot_order(list(reversed(slugs)), "key-1")
    assert len(orders) > 30
    assert {order[0] for order in orders} == set(slugs)


def test_a_letter_that_waits_is_not_planned_again_by_each_change(
    database: Database, clock: SteppedClock, now: datetime
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    first = vote(database, round_, voter, GRID, clock=clock)
    clock.advance(timedelta(minutes=9))
    vote(database, round_, voter, RUBBLE, clock=clock)
    assert _due(database) == now + timedelta(minutes=10)
    with database.session() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.kind == "ballot_receipt")).one()
        assert list(row.payload) == ["roll_id"]
        assert first.receipt not in f"{row.key}{row.payload}"


def test_the_letter_of_a_late_vote_goes_out_before_the_close(
    database: Database, clock: SteppedClock, now: datetime
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    clock.at = round_.closes_at - timedelta(minutes=5)
    vote(database, round_, voter, FERRY, clock=clock)
    assert _due(database) == round_.closes_at - timedelta(minutes=1)


@pytest.mark.parametrize("state", ["done", "claimed"])
def test_a_letter_that_is_out_or_on_its_way_is_planned_anew(
    database: Database, clock: SteppedClock, now: datetime, state: str
) -> None:
    voter = patron(database, "v@example.org", now=now)
    round_ = opened(database, now=now)
    vote(database, round_, voter, GRID, clock=clock)
    clock.advance(timedelta(minutes=10))
    with writing(database) as session:
        (task,) = [each for each in claim(session, "w", limit=9, now=clock.at) if each.kind == "ballot_receipt"]
        if state == "done":
            finish(session, task, now=clock.at)
    vote(database, round_, voter, RUBBLE, clock=clock)
    with writing(database) as session:
        # Whoever was carrying it out does so with what was.
        finish(session, task, now=clock.at)
    assert _due(database) == now + timedelta(minutes=20)


def test_a_dangerous_topic_takes_no_new_vote_and_keeps_those_it_has(
    database: Database, clock: SteppedClock, now: datetime
) -> None:
    kept, late = patrons(database, 2, now=now)
    round_ = opened(database, now=now)
    vote(database, round_, kept, GRID, clock=clock)
    with writing(database) as session:
        grid = select(Topic.id).where(Topic.slug == GRID).scalar_subquery()
        session.execute(update(RoundTopic).where(RoundTopic.topic_id == grid).values(endangered_at=now))
    with pytest.raises(Refusal, match="cannot win any more") as refused:
        vote(database, round_, late, GRID, clock=clock)
    assert (refused.value.status, refused.value.field) == (422, "choices")
    assert vote(database, round_, kept, GRID, RUBBLE, clock=clock).choices == {GRID, RUBBLE}
    assert vote(database, round_, kept, RUBBLE, clock=clock).version == 3


def test_votes_of_two_people_do_not_meet(database: Database, clock: SteppedClock, now: datetime) -> None:
    one, two = patrons(database, 2, now=now)
    round_ = opened(database, TITLES, now=now)
    ballots: list[Ballot] = [vote(database, round_, each, GRID, clock=clock) for each in (one, two)]
    assert ballots[0].receipt != ballots[1].receipt
    assert [each.version for each in ballots] == [1, 1]


def _due(database: Database) -> datetime:
    with database.session() as session:
        letters = (OutboxRow.kind == "ballot_receipt", OutboxRow.done_at.is_(None))
        return session.scalars(select(OutboxRow.due_at).where(*letters)).one()
