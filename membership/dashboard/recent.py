"""Payments as they came: what succeeded today, the newest, and what only waits. No names and no addresses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from membership.dashboard.month import Span
from membership.money import Money
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.models import Attempt, Payment

MOST_ROWS = 10

_payment = Payment.__table__.c


@dataclass(frozen=True)
class PaymentRow:
    """A payment in the currency that was presented. `at`: when it succeeded; while it waits, when it was begun."""

    at: datetime
    cadence: str
    amount: Money
    state: str
    reference: str


@dataclass(frozen=True)
class Waiting:
    """Payments whose money is still on its way: how many, and those that wait longest."""

    count: int
    rows: tuple[PaymentRow, ...]


@dataclass(frozen=True)
class CameIn:
    """What succeeded on a day in one presented currency."""

    count: int
    amount: Money


def came_in(session: Session, day: Span) -> tuple[CameIn, ...]:
    """Adds up the payments that succeeded on a day, by presented currency."""
    statement = (
        select(_payment.currency, func.count().label("number"), func.sum(_payment.amount_minor).label("total"))
        .where(_payment.paid_at >= day.starts_at, _payment.paid_at < day.ends_at, _payment.amount_minor > 0)
        .group_by(_payment.currency)
        .order_by(_payment.currency)
    )
    return tuple(CameIn(row.number, Money(int(row.total), row.currency)) for row in session.execute(statement))


def newest(session: Session) -> tuple[PaymentRow, ...]:
    """Lists the ten payments that succeeded last, whatever became of them since."""
    statement = _rows(_payment.paid_at).where(_payment.paid_at.is_not(None))
    rows = session.execute(statement.order_by(_payment.paid_at.desc(), _payment.id.desc()).limit(MOST_ROWS))
    return tuple(_from_row(row) for row in rows)


def waiting(session: Session) -> Waiting:
    """Counts the payments that are pending at the bank, and lists the ten oldest."""
    statement = _rows(_payment.created_at).where(_payment.state == "pending")
    rows = session.execute(statement.order_by(_payment.created_at, _payment.id).limit(MOST_ROWS)).all()
    return Waiting(rows[0].number if rows else 0, tuple(_from_row(row) for row in rows))


def _rows(at: Any) -> Select[Any]:
    return (
        select(
            at.label("at"),
            # The first payment of a pledge has both; a renewal has no attempt.
            func.coalesce(Pledge.cadence, Attempt.cadence, "once").label("cadence"),
            _payment.amount_minor,
            _payment.currency,
            _payment.state,
            _payment.reference,
            func.count().over().label("number"),
        )
        .select_from(Payment)
        .outerjoin(Attempt, Attempt.id == Payment.attempt_id)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .outerjoin(Pledge, Pledge.id == PledgePayment.pledge_id)
    )


def _from_row(row: Row[Any]) -> PaymentRow:
    return PaymentRow(row.at, row.cadence, Money(row.amount_minor, row.currency), row.state, row.reference)
