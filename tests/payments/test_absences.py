"""What operators hear of when it does not happen, asked of real rows."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.money import Money
from membership.outbox.rows import enqueue
from membership.patrons.absences import renewals_missed
from membership.patrons.models import Pledge
from membership.payments.absences import (
    clock_is_behind,
    events_were_given_up,
    inbox_waits,
    no_events,
    no_payments,
    outbox_waits,
)
from membership.payments.models import Payment, StripeEvent
from tests.sound_rows import plant_sound_rows

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def in_the_app(app: Flask) -> object:
    with app.app_context():
        yield


def plant_event(
    session: Session, created_at: datetime, received_at: datetime | None = None, state: str = "handled"
) -> None:
    session.add(
        StripeEvent(
            id=f"evt_{uuid4().hex}",
            type="charge.updated",
            created_at=created_at,
            received_at=received_at or created_at,
            livemode=False,
            state=state,
            reason="x",
            tries=1,
            next_try_at=received_at if state == "waiting" else None,
        )
    )


def plant_payment(session: Session, paid_at: datetime) -> None:
    values = {"source": "stripe", "amount": Money(500, "EUR"), "state": "paid"}
    session.add(Payment(reference=str(uuid4()), created_at=paid_at, paid_at=paid_at, **values))


@pytest.mark.parametrize(
    ("ask", "plant", "says"),
    [
        (no_events, plant_event, "No event has come from Stripe since 22 November 2026, 12:00"),
        (no_payments, plant_payment, "Nobody's payment has succeeded since 22 November 2026, 12:00"),
    ],
)
def test_a_long_silence_is_told_once_and_in_the_same_words(
    session: Session, now: datetime, *, ask: object, plant: object, says: str
) -> None:
    assert callable(ask)
    assert callable(plant)
    with transaction(session):
        for number in range(5 * 7 * 24):
            plant(session, now - number * HOUR)
    assert ask(session, now=now + 5 * HOUR) is None
    assert ask(session, now=now + 6.5 * HOUR) is None
    said = ask(session, now=now + 7.5 * HOUR)
    assert said is not None
    assert said.startswith(says)
    assert ask(session, now=now + 30 * DAY) == said


def test_a_new_newsroom_misses_nothing(session: Session, now: datetime) -> None:
    assert no_events(session, now=now) is None
    assert no_payments(session, now=now) is None
    with transaction(session):
        plant_event(session, now - 3 * DAY)
        plant_payment(session, now - 3 * DAY)
    assert no_events(session, now=now) is None
    assert no_payments(session, now=now) is None


def test_an_inbox_older_than_ten_minutes_is_told(session: Session, now: datetime) -> None:
    with transaction(session):
        plant_event(session, now, now, "waiting")
    assert inbox_waits(session, now=now + 10 * MINUTE) is None
    said = inbox_waits(session, now=now + 11 * MINUTE)
    assert said is not None
    assert inbox_waits(session, now=now + DAY) == said


def test_events_that_were_given_up_are_told(session: Session, now: datetime) -> None:
    assert events_were_given_up(session, now=now) is None
    with transaction(session):
        plant_event(session, now, state="dead")
    assert "flask stripe replay" in (events_were_given_up(session, now=now) or "")


def test_side_effects_older_than_ten_minutes_are_told(session: Session, now: datetime) -> None:
    with transaction(session):
        enqueue(session, "receipt", "one", {}, now=now)
        enqueue(session, "receipt", "later", {}, now=now, due_at=now + DAY)
    assert outbox_waits(session, now=now + 10 * MINUTE) is None
    assert outbox_waits(session, now=now + 11 * MINUTE) is not None


def test_a_side_effect_that_fails_again_and_again_is_told_while_it_waits(session: Session, now: datetime) -> None:
    with transaction(session):
        enqueue(session, "receipt", "one", {}, now=now, due_at=now + HOUR)
        session.connection().exec_driver_sql("UPDATE outbox SET tries = 5, last_error = 'refused'")
    assert outbox_waits(session, now=now) is None
    with transaction(session):
        session.connection().exec_driver_sql("UPDATE outbox SET tries = 6")
    assert outbox_waits(session, now=now) is not None


def test_an_event_from_the_future_says_that_the_clock_is_behind(session: Session, now: datetime) -> None:
    with transaction(session):
        plant_event(session, now + MINUTE, now)
        plant_event(session, now - DAY, now)
    assert clock_is_behind(session, now=now) is None
    with transaction(session):
        plant_event(session, now + 2 * MINUTE, now)
    assert clock_is_behind(session, now=now) is not None
    assert clock_is_behind(session, now=now + 2 * HOUR) is None


@pytest.mark.parametrize(
    ("changes", "is_missed"),
    [
        ({}, True),
        ({"stripe_status": "past_due"}, False),
        ({"cancel_at": True}, False),
        ({"paused_since": True}, False),
        ({"ended_at": True}, False),
    ],
)
def test_a_renewal_that_was_due_and_not_seen_is_told(
    session: Session, now: datetime, *, changes: dict[str, object], is_missed: bool
) -> None:
    with transaction(session):
        plant_sound_rows(session)
        pledge = session.get_one(Pledge, 1)
        for name, value in changes.items():
            setattr(pledge, name, now if value is True else value)
        due_at = pledge.period_end_at
    assert renewals_missed(session, now=due_at + 6 * HOUR) is None
    said = renewals_missed(session, now=due_at + 7 * HOUR)
    assert (said is not None) is is_missed
    assert said is None or "due on 19 December 2026" in said
