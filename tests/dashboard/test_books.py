"""How inbox, outbox and ledger stand."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership.dashboard.books import LISTING, Books, books
from membership.db import Database
from membership.outbox.models import OutboxRow, PeriodicRun
from membership.outbox.rows import enqueue
from membership.payments.models import StripeEvent
from membership.wiring import PERIODIC
from tests.dashboard.planting import writing

MINUTE = timedelta(minutes=1)


def event(number: int, state: str, received_at: datetime) -> StripeEvent:
    return StripeEvent(
        id=f"evt_{number}",
        type="charge.succeeded",
        created_at=received_at,
        livemode=False,
        received_at=received_at,
        state=state,
    )


def test_the_listing_is_a_periodic_task() -> None:
    assert LISTING in PERIODIC


def test_an_empty_newsroom_is_well(session: Session, now: datetime) -> None:
    found = books(session, now=now)

    assert found == Books(None, 0, None, 0, 0, None, 0)
    assert found.are_well(now=now)


def test_what_waits_is_told_with_its_age(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        for each in (now - 30 * MINUTE, now - 15 * MINUTE):
            write.add(PeriodicRun(name=LISTING, due_at=each))
        write.add(PeriodicRun(name="another", due_at=now))
        write.add_all([event(1, "waiting", now - 4 * MINUTE), event(2, "waiting", now - MINUTE)])
        write.add(event(3, "handled", now - 60 * MINUTE))
        enqueue(write, "receipt", "due", {}, now=now - 2 * MINUTE)
        enqueue(write, "receipt", "later", {}, now=now, due_at=now + MINUTE)

    found = books(session, now=now)

    assert found == Books(now - 15 * MINUTE, 2, now - 4 * MINUTE, 0, 1, now - 2 * MINUTE, 0)
    assert found.are_well(now=now)


def test_an_event_that_waits_too_long_is_not_well(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        write.add(event(1, "waiting", now - 6 * MINUTE))

    assert not books(session, now=now).are_well(now=now)


def test_an_event_that_was_given_up_is_not_well(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        write.add(event(1, "dead", now - MINUTE))

    found = books(session, now=now)

    assert found.given_up == 1
    assert not found.are_well(now=now)


def test_a_letter_that_failed_is_not_well(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        row = {"kind": "receipt", "key": "1", "payload": {}, "created_at": now, "tries": 1}
        write.add(OutboxRow(**row, due_at=now + MINUTE, last_error="SMTPServerDisconnected"))

    found = books(session, now=now)

    assert (found.tasks, found.failing) == (0, 1)
    assert not found.are_well(now=now)
