"""The ledger as a table for accountants: one row for each payment, and for each attempt without one."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select
from sqlalchemy.orm import Session

from membership.payments.models import Attempt, Movement, Payment, PaymentSource
from membership.web.filters import iso

COLUMNS = (
    "reference",
    "attempt",
    "source",
    "stripe_payment_intent",
    "amount_minor",
    "currency",
    "status",
    "settled_currency",
    "gross_minor",
    "fee_minor",
    "refunded_minor",
    "disputed_minor",
    "net_minor",
    "paid_at",
)
# What an attempt without a payment is called in the export.
ATTEMPT_STATUS = {"open": "started", "pending": "pending", "paid": "pending", "failed": "failed", "expired": "expired"}
REFUNDS = ("refund", "payment_refund", "refund_failure", "payment_failure_refund")
DISPUTES = ("adjustment", "dispute", "dispute_reversal")


def export_rows(session: Session, *which: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    """Yields the rows, ordered by when they were paid (never: last), then by reference.

    With conditions on payments, only the payments that meet them, and no attempts. Amounts are in minor units;
    `amount_minor` as presented to the payer, the others as settled and `None` until a movement stands.
    gross - fee - refunded - disputed = net.
    """
    rows = [*_payments(session, *which), *(() if which else _attempts(session))]
    rows.sort(key=lambda row: (row["paid_at"] is None, row["paid_at"] or "", row["reference"]))
    yield from rows


def _payments(session: Session, *which: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    settled = _settled()
    statement = (
        select(Payment, Attempt.reference.label("attempt"), *(settled.c[name] for name in SETTLED))
        .outerjoin(Attempt, Attempt.id == Payment.attempt_id)
        .outerjoin(settled, settled.c.payment_id == Payment.id)
        .where(*which)
    )
    for row in session.execute(statement):
        payment = row.Payment
        yield {
            "reference": payment.reference,
            "attempt": row.attempt,
            "source": payment.source,
            "stripe_payment_intent": payment.payment_intent,
            "amount_minor": payment.amount.minor,
            "currency": payment.amount.currency,
            "status": payment.state,
            **_settled_amounts(row),
            "paid_at": iso(payment.paid_at) if payment.paid_at else None,
        }


def _attempts(session: Session) -> Iterator[dict[str, Any]]:
    with_payment = select(Payment.attempt_id).where(Payment.attempt_id.is_not(None))
    statement = select(Attempt).where(Attempt.id.not_in(with_payment))
    for attempt in session.scalars(statement):
        yield {
            **dict.fromkeys(COLUMNS),
            "reference": attempt.reference,
            "attempt": attempt.reference,
            "source": "stripe",
            "amount_minor": attempt.amount.minor,
            "currency": attempt.amount.currency,
            "status": ATTEMPT_STATUS[attempt.state],
        }


SETTLED = ("settled_currency", "gross", "fee", "refunded", "disputed", "net")


def _settled() -> Any:
    table = Movement.__table__.c
    is_gross = table.part == "gross"

    def total(condition: Any) -> Any:
        return func.sum(case((condition, table.amount_minor), else_=0))

    return (
        select(
            PaymentSource.payment_id,
            func.max(table.currency).label("settled_currency"),
            total(is_gross & table.kind.not_in((*REFUNDS, *DISPUTES))).label("gross"),
            total(table.part == "fee").label("fee"),
            total(is_gross & table.kind.in_(REFUNDS)).label("refunded"),
            total(is_gross & table.kind.in_(DISPUTES)).label("disputed"),
            func.sum(table.amount_minor).label("net"),
        )
        .join(Movement, Movement.source_id == PaymentSource.source_id)
        .group_by(PaymentSource.payment_id)
        .subquery()
    )


def _settled_amounts(row: Row[Any]) -> dict[str, Any]:
    if row.settled_currency is None:
        return dict.fromkeys(COLUMNS[7:13])
    return {
        "settled_currency": row.settled_currency,
        "gross_minor": int(row.gross),
        "fee_minor": -int(row.fee),
        "refunded_minor": -int(row.refunded),
        "disputed_minor": -int(row.disputed),
        "net_minor": int(row.net),
    }
