"""Letters and receipts of the demo's past: old letters are not sent, and receipts bear the days they had."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.demo.letters import KEPT, date_receipts, put_away
from membership.money import Money
from membership.outbox.models import OutboxRow
from membership.outbox.rows import enqueue
from membership.payments.models import Payment, Receipt

JUST_BEFORE, JUST_AFTER = KEPT + timedelta(minutes=1), KEPT - timedelta(minutes=1)


@pytest.fixture
def payments(session: Session, now: datetime) -> None:
    """An old one and a new one, both heard of only now."""
    with transaction(session):
        for number, ago in enumerate((JUST_BEFORE, JUST_AFTER), start=1):
            payment = Payment(
                reference=f"payment-{number}",
                source="stripe",
                amount=Money(500, "EUR"),
                state="paid",
                paid_at=now - ago,
                created_at=now - ago,
            )
            session.add(payment)
            session.flush()
            session.add(Receipt(year=2026, number=number, payment_id=payment.id, issued_at=now))
            enqueue(session, "receipt", payment.reference, {"payment": payment.reference}, now=now)


@pytest.mark.usefixtures("payments")
def test_a_letter_about_something_old_is_not_sent(database: Database, session: Session, now: datetime) -> None:
    put_away(database, SteppedClock(now))

    session.rollback()
    waiting = select(OutboxRow.key).where(OutboxRow.done_at.is_(None))
    assert session.scalars(waiting).all() == ["payment-2"]


def test_what_is_no_letter_about_money_is_left_alone(database: Database, session: Session, now: datetime) -> None:
    with transaction(session):
        enqueue(session, "sign_in", "payment-1", {}, now=now)

    put_away(database, SteppedClock(now))

    session.rollback()
    assert session.scalars(select(OutboxRow.done_at)).one() is None


@pytest.mark.usefixtures("payments")
def test_receipts_bear_the_day_on_which_the_money_came(session: Session, now: datetime) -> None:
    with transaction(session):
        date_receipts(session)

    issued = session.scalars(select(Receipt.issued_at).order_by(Receipt.number)).all()
    assert issued == [now - JUST_BEFORE, now - JUST_AFTER]
