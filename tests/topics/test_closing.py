"""The close: once, complete, and without a trace of who chose what."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.exc import DatabaseError

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Base, Database
from membership.errors import NotFound
from membership.outbox.models import OutboxRow
from membership.topics.closing import close
from membership.topics.keeping import close_due, keep_rounds
from membership.topics.models import (
    CountedBallot,
    MoveText,
    OpenBallot,
    OpenChoice,
    RollEntry,
    Round,
    RoundResult,
    RoundTopic,
    Topic,
    TopicMove,
)
from membership.topics.results import results_of
from membership.topics.roll import verify_roll
from membership.topics.years import year_of_topics
from membership.wiring import Seams
from tests.topics.people import opened, patrons, reread, vote, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"


def _voted(
    database: Database, clock: SteppedClock, count: int = 6, *, secret: bool = True
) -> tuple[Round, list[Account], list[str]]:
    """A round in which everyone chose the grid, and all but one the rubble as well, past its close."""
    voters = patrons(database, count, now=clock.at)
    round_ = opened(database, secret=secret, now=clock.at)
    ballots = [vote(database, round_, each, GRID, RUBBLE, clock=clock) for each in voters[1:]]
    ballots.append(vote(database, round_, voters[0], GRID, clock=clock))
    clock.at = round_.closes_at
    return round_, voters, [each.receipt for each in ballots]


def test_a_round_closes_by_itself_and_says_what_was_chosen(
    database: Database, clock: SteppedClock, seams: Seams
) -> None:
    round_, _voters, _receipts = _voted(database, clock)
    assert keep_rounds(seams) == 2  # sealed and closed
    assert keep_rounds(seams) == 0
    with database.session() as session:
        results = results_of(session, reread(database, round_))
        states = {topic.slug: topic.state for topic in session.scalars(select(Topic))}
    assert [(each.slug, each.votes, each.rank) for each in results.topics] == [
        (GRID, 6, 1),
        (RUBBLE, 5, 2),
        (FERRY, 0, 3),
    ]
    assert [each.slug for each in results.winners] == [GRID]
    assert (results.turnout, results.roll_size, results.voided, results.withheld) == (6, 9, 0, False)
    assert states == {GRID: "selected", RUBBLE: "shortlisted", FERRY: "shortlisted"}


def test_a_round_does_not_close_before_its_time(database: Database, clock: SteppedClock) -> None:
    round_, _voters, _receipts = _voted(database, clock)
    clock.at -= timedelta(microseconds=1)
    assert close_due(database, clock) == 0
    with writing(database) as session:
        assert not close(session, round_.id, clock=clock)
    assert reread(database, round_).closed_at is None


def test_a_round_that_does_not_exist_cannot_close(database: Database, clock: SteppedClock) -> None:
    with pytest.raises(NotFound), writing(database) as session:
        close(session, 99, clock=clock)


def test_the_final_hash_is_published_at_the_latest_with_the_close(database: Database, clock: SteppedClock) -> None:
    round_, _voters, _receipts = _voted(database, clock)
    close_due(database, clock)
    with database.session() as session:
        check = verify_roll(session, reread(database, round_))
    assert (check.opening, check.final) == (True, True)


def test_the_published_ballots_are_the_receipts_in_their_own_order(database: Database, clock: SteppedClock) -> None:
    _round, _voters, receipts = _voted(database, clock)
    close_due(database, clock)
    with database.session() as session:
        rows = session.scalars(select(CountedBallot)).all()  # as the database happens to hold them
    assert [row.receipt for row in rows] == sorted(receipts)
    assert sorted(len(row.choices) for row in rows) == [1, 2, 2, 2, 2, 2]


def test_a_withdrawn_and_a_barred_vote_are_not_counted(database: Database, clock: SteppedClock) -> None:
    round_, voters, receipts = _voted(database, clock)
    clock.at -= timedelta(hours=1)
    vote(database, round_, voters[0], clock=clock)
    with writing(database) as session:
        barred = update(RollEntry).where(RollEntry.account_id == voters[1].id)
        session.execute(barred.values(barred_at=clock.at, barred_why="refunded"))
    clock.at = round_.closes_at
    close_due(database, clock)
    with database.session() as session:
        results = results_of(session, reread(database, round_))
        assert (results.turnout, results.voided, results.withheld) == (None, 1, True)
        assert {row.receipt for row in session.scalars(select(CountedBallot))} < set(receipts)


def test_a_round_without_a_vote_chooses_nothing(database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    clock.at = round_.closes_at
    assert close_due(database, clock) == 1
    with database.session() as session:
        results = results_of(session, reread(database, round_))
        assert (results.winners, results.turnout, results.withheld) == ((), None, True)
        assert set(session.scalars(select(Topic.state))) == {"shortlisted"}


@pytest.mark.parametrize("count", [1, 4])
def test_under_five_ballots_only_the_winner_is_told(database: Database, clock: SteppedClock, count: int) -> None:
    round_, _voters, _receipts = _voted(database, clock, count=count)
    close_due(database, clock)
    with database.session() as session:
        results = results_of(session, reread(database, round_))
    assert {(each.votes, each.rank) for each in results.topics} == {(None, None)}
    assert [each.title for each in results.topics] == sorted(each.title for each in results.topics)
    assert [each.slug for each in results.winners] == [GRID]
    # Who knew that one voted would know what one chose.
    assert (results.turnout, results.share, results.roll_size) == (None, None, count + 3)


def test_before_the_close_there_are_no_results(database: Database, clock: SteppedClock) -> None:
    round_, _voters, _receipts = _voted(database, clock)
    with database.session() as session, pytest.raises(NotFound, match="after its close"):
        results_of(session, reread(database, round_))


def test_the_close_has_the_result_told_once_and_leaves_the_people_to_a_task(
    database: Database, clock: SteppedClock
) -> None:
    round_, _voters, _receipts = _voted(database, clock)
    for _ in range(2):
        close_due(database, clock)
    with database.session() as session:
        told = session.scalars(select(OutboxRow).where(OutboxRow.kind == "round_results")).all()
    assert [row.key for row in told] == [round_.slug]


def test_a_dangerous_topic_keeps_its_votes_and_its_rank_and_cannot_win(database: Database, clock: SteppedClock) -> None:
    round_, _voters, _receipts = _voted(database, clock)
    with writing(database) as session:
        text = MoveText(text="Our source was arrested.")
        session.add(text)
        session.flush()
        grid = select(Topic.id).where(Topic.slug == GRID).scalar_subquery()
        marked = {"endangered_at": clock.at - timedelta(hours=1), "endangered_text_id": text.id}
        session.execute(update(RoundTopic).where(RoundTopic.topic_id == grid).values(marked))
    close_due(database, clock)
    with database.session() as session:
        results = results_of(session, reread(database, round_))
        moved = session.execute(
            select(TopicMove.now, MoveText.text)
            .join(Topic, Topic.id == TopicMove.topic_id)
            .outerjoin(MoveText, MoveText.id == TopicMove.text_id)
            .where(Topic.slug == GRID)
            .order_by(TopicMove.id.desc())
        ).first()
    assert [(each.slug, each.votes, each.chosen) for each in results.topics][:2] == [
        (GRID, 6, False),
        (RUBBLE, 5, True),
    ]
    assert moved == ("withheld", "Our source was arrested.")


def test_a_round_that_was_called_off_is_not_counted(database: Database, clock: SteppedClock) -> None:
    round_, _voters, receipts = _voted(database, clock)
    with writing(database) as session:
        session.execute(update(Round).values(called_off_at=clock.at - timedelta(hours=1)))
    with writing(database) as session:
        assert not close(session, round_.id, clock=clock)
    with database.session() as session:
        assert session.scalars(select(CountedBallot)).all() == []
        assert len(session.scalars(select(OpenBallot)).all()) == len(receipts)


def test_after_the_close_no_row_ties_the_roll_to_a_choice(database: Database, clock: SteppedClock) -> None:
    _round, _voters, receipts = _voted(database, clock)
    with database.session() as session:
        keys = set(session.scalars(select(RollEntry.key)))
    close_due(database, clock)
    with database.session() as session:
        for model in (OpenBallot, OpenChoice):
            assert session.scalar(select(func.count()).select_from(model)) == 0
        tables: list[Table] = list(Base.metadata.tables.values())
        dump = {table.name: [tuple(row) for row in session.execute(select(table))] for table in tables}
    holds_receipt = {name for name, rows in dump.items() if any(code in str(rows) for code in receipts)}
    holds_key = {name for name, rows in dump.items() if any(key in str(rows) for key in keys)}
    assert holds_receipt == {"counted_ballots"}
    assert holds_key == {"roll", "outbox"}
    # A counted ballot has nothing beside its receipt and choices that could be matched.
    assert [column.name for column in CountedBallot.__table__.columns] == ["round_id", "receipt", "choices"]


def test_an_open_round_keeps_its_ballots(database: Database, clock: SteppedClock) -> None:
    _round, _voters, receipts = _voted(database, clock, secret=False)
    close_due(database, clock)
    with database.session() as session:
        assert set(session.scalars(select(OpenBallot.receipt))) == set(receipts)
        assert set(session.scalars(select(CountedBallot.receipt))) == set(receipts)


@pytest.mark.parametrize("model", [CountedBallot, RoundResult])
def test_what_was_counted_cannot_be_changed(database: Database, clock: SteppedClock, model: type[Base]) -> None:
    _voted(database, clock)
    close_due(database, clock)
    with pytest.raises(DatabaseError, match="facts"), writing(database) as session:
        session.execute(delete(model))


def test_where_ranks_are_withheld_the_order_of_what_moves_does_not_tell_them(
    database: Database, clock: SteppedClock
) -> None:
    voters = patrons(database, 3, now=clock.at)
    round_ = opened(database, winners=2, now=clock.at)
    for voter, choices in zip(voters, ((FERRY, GRID), (FERRY,), (FERRY,)), strict=True):
        vote(database, round_, voter, *choices, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    with database.session() as session:
        steps = select(Topic.slug).join(TopicMove, TopicMove.topic_id == Topic.id).where(TopicMove.was == "in_round")
        assert session.scalars(steps.order_by(TopicMove.id)).all() == [GRID, RUBBLE, FERRY]
        ledger = year_of_topics(session, clock.at.year, zone=ZoneInfo("UTC"), now=clock.at)
    assert [each.slug for each in ledger.chosen] == [GRID, FERRY]
