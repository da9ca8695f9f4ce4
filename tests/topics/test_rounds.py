"""Opening a round, and who comes onto its roll."""

from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import NotFound, Refusal, WrongState
from membership.topics.keeping import seal_due, sweep_rolls
from membership.topics.models import RollEntry, Round, Topic
from membership.topics.opening import open_round
from membership.topics.roll import AT_OPENING, RollLine, may_vote_now, roll_hash, roll_size, verify_roll
from membership.topics.rounds import by_slug
from membership.wiring import Seams
from tests.topics.people import TITLES, WEEK, give, lapse, opened, patron, patrons, reader, reread, shortlisted, writing


def _open(session: Session, topics: list[str], *, now: datetime, **changes: object) -> Round:
    values: dict[str, object] = {"closes_at": now + WEEK, "choices": 2, "winners": 1, "by": None, "now": now, **changes}
    return open_round(session, "Winter", "What next?", topics, **values)  # type: ignore[arg-type]  # names are those of open_round


def test_a_round_opens_over_shortlisted_topics(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    assert (round_.slug, round_.opens_at, round_.secret) == ("winter-energy", now, True)
    with database.session() as session:
        assert set(session.scalars(select(Topic.state))) == {"in_round"}


@pytest.mark.parametrize(
    ("hours", "joins_before_close"), [(1, 0), (71, 0), (72, 24), (168, 24)], ids=["1 h", "71 h", "72 h", "a week"]
)
def test_joining_ends_a_day_before_the_close_of_long_rounds(
    database: Database, now: datetime, hours: int, joins_before_close: int
) -> None:
    round_ = opened(database, lasts=timedelta(hours=hours), now=now)
    assert round_.closes_at - round_.joins_until == timedelta(hours=joins_before_close)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"closes_at": timedelta(0)}, "closes_on"),
        ({"closes_at": -WEEK}, "closes_on"),
        ({"closes_at": 60 * WEEK}, "closes_on"),
        ({"choices": 0}, "choices"),
        ({"choices": 4}, "choices"),
        ({"winners": 0}, "winners"),
        ({"winners": 4}, "winners"),
        ({"winners": 3}, "winners"),  # all would be chosen
        ({"joins_until": 2 * WEEK}, "joins_on"),
    ],
)
def test_a_round_that_makes_no_sense_is_refused(
    database: Database, now: datetime, changes: dict[str, object], field: str
) -> None:
    slugs = [topic.slug for topic in shortlisted(database, TITLES[:3], now=now)]
    moments = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    with pytest.raises(Refusal) as refused, writing(database) as session:
        _open(session, slugs, now=now, **moments)
    assert refused.value.field == field
    with database.session() as session:
        assert session.scalars(select(Round)).all() == []
        assert set(session.scalars(select(Topic.state))) == {"shortlisted"}


def test_one_topic_twice_or_unknown_or_alone_makes_no_round(database: Database, now: datetime) -> None:
    one, two = (topic.slug for topic in shortlisted(database, TITLES[:2], now=now))
    for topics in ([one, one], [one, two, "nowhere"], [one], [], [one, "\x00"]):
        with pytest.raises(Refusal) as refused, writing(database) as session:
            _open(session, topics, now=now)
        assert refused.value.field == "topics"


def test_a_topic_stands_in_one_open_round_at_a_time(database: Database, now: datetime) -> None:
    opened(database, now=now)
    with database.session() as session:
        slugs = list(session.scalars(select(Topic.slug)))
    with pytest.raises(WrongState, match="stands in a round"), writing(database) as session:
        _open(session, slugs[:2], now=now)


def test_no_round_is_found_under_what_is_no_address(session: Session) -> None:
    for slug in ("winter", "Winter!", "\x00", "x" * 500):
        with pytest.raises(NotFound):
            by_slug(session, slug)


def test_the_roll_holds_who_may_vote_at_the_opening(database: Database, now: datetime) -> None:
    reader(database, "reader@example.org", now=now)
    lapsed, _stays = patrons(database, 2, now=now)
    with writing(database) as session:
        lapse(session, lapsed, now=now)
    round_ = opened(database, now=now)
    with database.session() as session:
        entries = session.scalars(select(RollEntry)).all()
        assert lapsed.id not in {entry.account_id for entry in entries}
        assert {(entry.standing, entry.reason, entry.added_at) for entry in entries} == {("live", "opening", now)}
        assert roll_size(session, round_.id) == 4  # the one who stays, and three proposers


def test_the_hash_is_computed_over_lines_sorted_by_key(now: datetime) -> None:
    lines = [RollLine("winter", key, 1, "live", now) for key in ("b", "a")]
    text = "winter\ta\t1\tlive\t2026-11-22T12:00:00.000000Z\nwinter\tb\t1\tlive\t2026-11-22T12:00:00.000000Z\n"
    assert roll_hash(lines) == roll_hash(reversed(lines)) == sha256(text.encode()).hexdigest()
    assert roll_hash([]) == sha256(b"").hexdigest()


def test_who_becomes_a_patron_today_joins_today(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    late = reader(database, "late@example.org", now=now)
    at = round_.joins_until - timedelta(seconds=1)
    with writing(database) as session:
        assert may_vote_now(session, late.id, now=at) == 0  # no patron yet
        give(session, late, now=at)
        assert may_vote_now(session, late.id, now=at) == 1
        assert may_vote_now(session, late.id, now=at) == 0  # on the roll already
    with database.session() as session:
        entry = session.scalars(select(RollEntry).where(RollEntry.account_id == late.id)).one()
        assert (entry.reason, entry.added_at) == ("joined", at)


def test_from_joins_until_on_nobody_joins(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    late = patron(database, "late@example.org", now=now)
    with writing(database) as session:
        assert may_vote_now(session, late.id, now=round_.joins_until) == 0


def test_after_the_final_hash_nobody_joins_even_by_a_clock_that_lags(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    late = patron(database, "late@example.org", now=now)
    assert seal_due(database, SteppedClock(round_.joins_until)) == 1
    with writing(database) as session:
        assert may_vote_now(session, late.id, now=now) == 0


def test_the_sweep_adds_whom_no_event_brought(database: Database, now: datetime, seams: Seams) -> None:
    round_ = opened(database, now=now)
    patron(database, "late@example.org", now=now)
    assert [sweep_rolls(seams), sweep_rolls(seams)] == [1, 0]
    with database.session() as session:
        assert roll_size(session, round_.id) == 4


def test_a_pledge_that_lapses_keeps_its_place_on_the_roll(database: Database, now: datetime, seams: Seams) -> None:
    leaver = patron(database, "leaver@example.org", now=now)
    round_ = opened(database, now=now)
    with writing(database) as session:
        lapse(session, leaver, now=now)
    sweep_rolls(seams)
    with database.session() as session:
        assert leaver.id in set(session.scalars(select(RollEntry.account_id)))
        assert roll_size(session, round_.id) == 4


def test_both_hashes_can_be_recomputed(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    late = patron(database, "late@example.org", now=now)
    with writing(database) as session:
        may_vote_now(session, late.id, now=now + timedelta(hours=1))
    assert seal_due(database, SteppedClock(round_.joins_until - timedelta(seconds=1))) == 0
    assert seal_due(database, SteppedClock(round_.joins_until)) == 1
    assert seal_due(database, SteppedClock(round_.joins_until)) == 0
    sealed = reread(database, round_)
    assert sealed.roll_hash_final != sealed.roll_hash_open == round_.roll_hash_open
    with database.session() as session:
        check = verify_roll(session, sealed)
        assert (check.opening, check.final) == (True, True)


def test_a_changed_roll_no_longer_fits_its_hash(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    with pytest.raises(DatabaseError, match="promised"), writing(database) as session:
        session.scalars(select(RollEntry).limit(1)).one().weight = 2
    with writing(database) as session:
        by_hand = RollEntry(
            round_id=round_.id, key="0" * 32, weight=1, standing="live", added_at=now, reason=AT_OPENING
        )
        session.add(by_hand)
    with database.session() as session:
        assert not verify_roll(session, round_).opening


def test_erasing_an_account_leaves_the_hash_as_it_is(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    with writing(database) as session:
        session.scalars(select(RollEntry).limit(1)).one().account_id = None
    with database.session() as session:
        assert verify_roll(session, round_).opening


def test_no_entry_of_the_roll_can_be_deleted(database: Database, now: datetime) -> None:
    opened(database, now=now)
    with pytest.raises(DatabaseError, match="facts"), writing(database) as session:
        session.execute(delete(RollEntry))
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(RollEntry)) == 3
