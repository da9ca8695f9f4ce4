"""After the vote: a person and a day, and every way in which that goes on."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from membership.accounts.models import AuditEntry
from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import Refusal, WrongState
from membership.topics.models import MoveText, Topic, TopicMove
from membership.topics.promise_list import ended, owed, promise_of
from membership.topics.promises import begin_reporting, postpone, promise, promise_in, publish
from tests.topics.aftermath import DAY, GRID, KYIV, RUBBLE, chosen, does, topic
from tests.topics.people import writing


def _topic(database: Database) -> Topic:
    with database.session() as session:
        return topic(session)


def test_a_winner_gets_a_person_and_a_day_and_a_correction_leaves_a_trace(
    database: Database, clock: SteppedClock
) -> None:
    chosen(database, clock)
    for person, on in (("Olena", date(2026, 12, 20)), ("Olena", date(2026, 12, 20)), (" Taras ", date(2027, 1, 5))):
        does(database, promise, person, on, zone=KYIV, now=clock.at)
    assert (_topic(database).person, _topic(database).promised_on) == ("Taras", date(2027, 1, 5))
    with database.session() as session:
        steps = session.execute(
            select(TopicMove, MoveText.text)
            .join(MoveText, MoveText.id == TopicMove.text_id)
            .where(TopicMove.now == "selected")
            .order_by(TopicMove.id)
        )
        said = [promise_in(step, text) for step, text in steps]
        assert said == [("Olena", date(2026, 12, 20)), ("Taras", date(2027, 1, 5))]
        acts = session.scalars(select(AuditEntry.act).where(AuditEntry.act == "promised")).all()
        assert len(acts) == 2


@pytest.mark.parametrize(
    ("person", "on", "field"),
    [
        (" ", date(2026, 12, 20), "person"),
        ("x" * 81, date(2026, 12, 20), "person"),
        ("Olena", date(2026, 11, 28), "promised_on"),
        ("Olena", date(2029, 11, 29), "promised_on"),
    ],
)
def test_a_promise_without_a_name_or_for_a_day_that_has_passed_is_refused(
    database: Database, clock: SteppedClock, person: str, on: date, field: str
) -> None:
    chosen(database, clock)  # on 29 November
    with pytest.raises(Refusal) as refused:
        does(database, promise, person, on, zone=KYIV, now=clock.at)
    assert refused.value.field == field
    assert _topic(database).person is None


def test_a_day_is_over_by_the_newsrooms_clock(database: Database, clock: SteppedClock) -> None:
    chosen(database, clock)
    late_in_the_evening = clock.at.replace(hour=22, minute=30)  # 00:30 of the next day in Kyiv
    with pytest.raises(Refusal):
        does(database, promise, "Olena", clock.at.date(), zone=KYIV, now=late_in_the_evening)
    does(database, promise, "Olena", clock.at.date() + DAY, zone=KYIV, now=late_in_the_evening)


def test_what_was_not_chosen_cannot_be_promised(database: Database, clock: SteppedClock) -> None:
    chosen(database, clock)
    with pytest.raises(WrongState, match="was not chosen"), writing(database) as session:
        promise(session, topic(session, RUBBLE), "Olena", date(2026, 12, 20), by=None, zone=KYIV, now=clock.at)


@pytest.mark.parametrize(
    ("month", "reason", "field"),
    [(date(2026, 10, 31), "Strikes.", "month"), (date(2027, 1, 1), " ", "reason"), (date(2030, 1, 1), "No.", "month")],
)
def test_postponing_needs_a_month_to_come_and_a_reason(
    database: Database, clock: SteppedClock, month: date, reason: str, field: str
) -> None:
    chosen(database, clock)
    with pytest.raises(Refusal) as refused:
        does(database, postpone, month, reason, zone=KYIV, now=clock.at)
    assert refused.value.field == field


def test_a_winner_is_postponed_twice_then_reported_and_published(database: Database, clock: SteppedClock) -> None:
    chosen(database, clock)
    does(database, postpone, date(2027, 1, 15), "Olena is in Kharkiv.", zone=KYIV, now=clock.at)
    does(database, postpone, date(2027, 2, 1), "Still.", zone=KYIV, now=clock.at)
    with pytest.raises(WrongState, match="is postponed"):
        does(database, promise, "Olena", date(2027, 2, 3), zone=KYIV, now=clock.at)
    does(database, begin_reporting, now=clock.at)
    does(database, publish, "https://example.org/grid", "The grid", now=clock.at)
    with database.session() as session:
        (kept,) = ended(session, "published")
        assert (kept.outcome_url, kept.outcome_title, kept.days_late) == ("https://example.org/grid", "The grid", 0)
        assert owed(session, zone=KYIV, now=clock.at) == ()
        moves = session.scalars(select(TopicMove.now).join(Topic).where(Topic.slug == GRID).order_by(TopicMove.id))
        assert list(moves)[-5:] == ["selected", "postponed", "postponed", "reporting", "published"]
    for act in (begin_reporting,):
        with pytest.raises(WrongState):
            does(database, act, now=clock.at)


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "//evil.example", "/\\evil", "ftp://x", "https://", "a b"])
def test_an_outcome_lies_at_an_address(database: Database, clock: SteppedClock, url: str) -> None:
    chosen(database, clock)
    with pytest.raises(Refusal) as refused:
        does(database, publish, url, "The grid", now=clock.at)
    assert refused.value.field == "url"


def test_a_promise_is_late_from_the_newsrooms_midnight_on(database: Database, clock: SteppedClock) -> None:
    chosen(database, clock)
    does(database, promise, "Olena", date(2026, 12, 20), zone=KYIV, now=clock.at)
    midnight = clock.at.replace(month=12, day=20, hour=22, minute=0)  # in Kyiv, which is two hours ahead
    for at, days in ((midnight - timedelta(seconds=1), 0), (midnight, 1), (midnight + 2 * DAY, 3)):
        with database.session() as session:
            (found,) = owed(session, zone=KYIV, now=at)
            assert found.days_late == days


def test_what_is_postponed_is_late_when_its_month_is_over(database: Database, clock: SteppedClock) -> None:
    chosen(database, clock)
    does(database, postpone, date(2027, 1, 1), "Olena is in Kharkiv.", zone=KYIV, now=clock.at)
    with database.session() as session:
        found = promise_of(session, topic(session), zone=KYIV, now=clock.at.replace(year=2027, month=2, day=3))
        assert found is not None
        assert (found.due_on, found.days_late, found.reason) == (date(2027, 1, 31), 3, "Olena is in Kharkiv.")
        assert found.round is not None
        assert (found.round.votes, found.round.ballots) == (6, 6)
        assert promise_of(session, topic(session, RUBBLE), zone=KYIV, now=clock.at) is None
