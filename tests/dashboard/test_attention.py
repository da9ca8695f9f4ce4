"""What needs a person."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership.dashboard.attention import to_look_at
from membership.db import Database
from membership.money import Money
from membership.outbox.rows import enqueue
from tests.dashboard.planting import kyiv, patron, writing

FIVE = Money(500, "EUR")


def test_a_second_pledge_is_to_be_looked_at(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        patron(write, "a@example.org", FIVE, kyiv(9, 1))
        second = patron(write, "a@example.org", Money(700, "EUR"), kyiv(11, 2), live=False, why="duplicate")
        enqueue(write, "staff_notice", f"duplicate:{second.reference}", {}, now=now)

    found = to_look_at(session, now=now)

    assert found.duplicates_count == 1
    assert [(each.amount, each.subscription) for each in found.duplicates] == [(Money(700, "EUR"), second.subscription)]
    assert found.notices == ()


def test_a_notice_is_shown_for_thirty_days(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        enqueue(write, "staff_notice", "superseded:old", {}, now=now - timedelta(days=31))
        enqueue(write, "staff_notice", "superseded:new", {}, now=now - timedelta(days=29))
        enqueue(write, "receipt", "superseded:other", {}, now=now)

    assert [each.reference for each in to_look_at(session, now=now).notices] == ["new"]


def test_nothing_needs_a_look_in_a_calm_newsroom(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        patron(write, "a@example.org", FIVE, kyiv(9, 1))

    assert not to_look_at(session, now=now)
