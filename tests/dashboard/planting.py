"""Rows for the dashboard, planted as the syncs would have left them; a newsroom at home in Kyiv."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from membership.accounts.people import account_for
from membership.dashboard.month import Span, month_of
from membership.db import Database, transaction
from membership.money import Money
from membership.newsroom import words
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.models import Movement, Payer, Payment, PaymentSource

KYIV = ZoneInfo("Europe/Kyiv")
MONTH = timedelta(days=30)
_numbers = count(1)


def kyiv(month: int, day: int, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    """A moment of 2026 as the clock in Kyiv shows it."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=KYIV).astimezone(UTC)


def month(number: int) -> Span:
    """A month of 2026 in Kyiv."""
    return month_of(kyiv(number, 15), KYIV)


@contextmanager
def writing(database: Database) -> Iterator[Session]:
    with database.session() as session, transaction(session):
        yield session


def at_home_in_kyiv(database: Database, *, now: datetime) -> None:
    home = {**asdict(words.UNNAMED), "name": "Lantern", "time_zone": "Europe/Kyiv", "currencies": ["EUR", "JPY"]}
    with writing(database) as session:
        words.keep(session, "newsroom", home, now=now)


def payment(session: Session, amount: Money, at: datetime, state: str = "paid") -> Payment:
    """A payment that succeeded at `at`; one that is pending has only begun then."""
    payer = Payer(reference=str(uuid4()), created_at=at)
    session.add(payer)
    session.flush()
    row = Payment(
        reference=str(uuid4()),
        payer_id=payer.id,
        source="stripe",
        payment_intent=f"pi_{next(_numbers)}",
        amount=amount,
        state=state,
        paid_at=None if state in ("pending", "failed", "started") else at,
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def pledge(session: Session, email: str, amount: Money, at: datetime, **changes: Any) -> Pledge:
    """A live monthly pledge begun at `at`, without a payment yet."""
    account, _ = account_for(session, email, language="en", now=at)
    payer = Payer(reference=str(uuid4()), account_id=account.id, created_at=at)
    session.add(payer)
    session.flush()
    values: dict[str, Any] = {
        "cadence": "month",
        "stripe_status": "active",
        "period_end_at": at + MONTH,
        "live": True,
        **changes,
    }
    row = Pledge(
        reference=str(uuid4()),
        account_id=account.id,
        payer_id=payer.id,
        subscription=f"sub_{next(_numbers)}",
        amount=amount,
        started_at=at,
        **values,
    )
    session.add(row)
    session.flush()
    return row


def pay(session: Session, promised: Pledge, at: datetime, amount: Money | None = None, state: str = "paid") -> Payment:
    """A payment of a pledge."""
    row = payment(session, amount or promised.amount, at, state)
    session.add(
        PledgePayment(payment_id=row.id, pledge_id=promised.id, period_start=at, period_end=promised.period_end_at)
    )
    session.flush()
    return row


def patron(session: Session, email: str, amount: Money, at: datetime, **changes: Any) -> Pledge:
    """A pledge that was paid when it began."""
    row = pledge(session, email, amount, at, **changes)
    pay(session, row, at)
    return row


def ended(session: Session, email: str, amount: Money, at: datetime, *, ended_at: datetime) -> Pledge:
    """A patron who left."""
    over = {"stripe_status": "canceled", "live": False, "why": "ended", "ended_at": ended_at}
    return patron(session, email, amount, at, **over)


def settled(
    session: Session, gross: Money, fee_minor: int, at: datetime, *, of: Payment | None, kind: str = "charge"
) -> None:
    """Two lines of the ledger, as Stripe signs them; tied to a payment, or to none."""
    number = next(_numbers)
    source_id = f"{'re' if kind == 'refund' else 'ch'}_{number}"
    if of is not None:
        session.add(PaymentSource(source_id=source_id, payment_id=of.id))
    parts = {"gross": gross, "fee": Money(-fee_minor, gross.currency)}
    for part, amount in parts.items():
        if amount.minor:
            session.add(
                Movement(
                    source="stripe",
                    transaction_id=f"txn_{number}",
                    part=part,
                    kind=kind,
                    source_id=source_id,
                    amount=amount,
                    occurred_at=at,
                    available_at=at,
                )
            )
    session.flush()
