"""The books of a period for accountants: balances before and after, what moved between, and the papers of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.payments.credit_notes import number_of_credit
from membership.payments.export import export_rows
from membership.payments.models import CreditNote, Movement, Payment, Receipt, Refund
from membership.payments.receipts import ReceiptNumber
from membership.web.filters import iso

# The columns of a period as a table: each row says by `kind` what it is, and leaves empty what it does not have.
PERIOD_COLUMNS = (
    "kind",
    "at",
    "source",
    "reference",
    "payment",
    "number",
    "what",
    "state",
    "count",
    "amount_minor",
    "currency",
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Period:
    """The days from `begins` up to, and without, `ends`, in a zone."""

    begins: date
    ends: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        return datetime.combine(self.begins, time(), self.zone)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.ends, time(), self.zone)


def export_period(session: Session, period: Period) -> Row:
    """Returns the books of a period, in minor units.

    `opening` plus `movements` is `closing`, by source and settled currency; `payments` are those paid in the period
    (columns of the whole export, and the receipt's number), `refunds` those made in it, `credit_notes` those issued.
    """
    return {
        "from": period.start.isoformat(),
        "until": period.end.isoformat(),
        "time_zone": period.zone.key,
        "opening": _balances(session, period.start),
        "movements": _movements(session, period),
        "closing": _balances(session, period.end),
        "payments": _payments(session, period),
        "refunds": _refunds(session, period),
        "credit_notes": _credit_notes(session, period),
    }


def period_rows(exported: Row) -> Iterator[Row]:
    """Yields the books of a period as rows of one table, in the order of `export_period`."""
    for kind in ("opening", "movements", "closing"):
        yield from (_row(kind, {"what": _what(each), **each}) for each in exported[kind])
    for payment in exported["payments"]:
        known = {"at": payment["paid_at"], "state": payment["status"], "number": payment["receipt"]}
        yield _row("payment", payment | known)
    for refund in exported["refunds"]:
        yield _row("refund", {**refund, "at": refund["created_at"], "number": refund["credit_note"]})
    for note in exported["credit_notes"]:
        yield _row("credit note", {**note, "at": note["issued_at"], "reference": note["refund"]})


def _row(kind: str, found: Row) -> Row:
    return {"kind": kind} | {name: found.get(name) for name in PERIOD_COLUMNS[1:]}


def _what(found: Row) -> str | None:
    return f"{found['kind']} {found['part']}" if "part" in found else None


def _balances(session: Session, at: datetime) -> list[Row]:
    table = Movement.__table__.c
    statement = select(table.source, table.currency, func.sum(table.amount_minor)).where(table.occurred_at < at)
    found = session.execute(statement.group_by(table.source, table.currency).order_by(table.source, table.currency))
    return [{"source": source, "currency": currency, "amount_minor": int(total)} for source, currency, total in found]


def _movements(session: Session, period: Period) -> list[Row]:
    table = Movement.__table__.c
    columns = (table.source, table.currency, table.kind, table.part)
    statement = select(*columns, func.count().label("count"), func.sum(table.amount_minor).label("total"))
    within = (table.occurred_at >= period.start, table.occurred_at < period.end)
    return [
        {
            "source": row["source"],
            "currency": row["currency"],
            "kind": row["kind"],
            "part": row["part"],
            "count": row["count"],
            "amount_minor": int(row["total"]),
        }
        for row in session.execute(statement.where(*within).group_by(*columns).order_by(*columns)).mappings()
    ]


def _payments(session: Session, period: Period) -> list[Row]:
    within = (Payment.paid_at >= period.start, Payment.paid_at < period.end)
    numbers = dict[str, str]()
    statement = select(Payment.reference, Receipt.year, Receipt.number).join(Receipt, Receipt.payment_id == Payment.id)
    for reference, year, number in session.execute(statement.where(*within)):
        numbers[reference] = str(ReceiptNumber(year, number))
    return [{**row, "receipt": numbers.get(row["reference"])} for row in export_rows(session, *within)]


def _refunds(session: Session, period: Period) -> list[Row]:
    statement = (
        select(Refund, Payment.reference, Payment.source, CreditNote)
        .join(Payment, Payment.id == Refund.payment_id)
        .outerjoin(CreditNote, CreditNote.refund_id == Refund.id)
        .where(Refund.created_at >= period.start, Refund.created_at < period.end)
        .order_by(Refund.created_at, Refund.reference)
    )
    return [
        {
            "reference": refund.reference,
            "payment": payment,
            "source": source,
            "stripe_refund": refund.stripe_refund,
            "amount_minor": refund.amount.minor,
            "currency": refund.amount.currency,
            "state": refund.state,
            "reason": refund.reason,
            "asked_by": refund.asked_by_kind,
            "created_at": iso(refund.created_at),
            "settled_at": iso(refund.settled_at) if refund.settled_at else None,
            "credit_note": str(number_of_credit(note)) if note else None,
        }
        for refund, payment, source, note in session.execute(statement)
    ]


def _credit_notes(session: Session, period: Period) -> list[Row]:
    statement = (
        select(CreditNote, Refund, Payment.reference, Payment.source)
        .join(Refund, Refund.id == CreditNote.refund_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(CreditNote.issued_at >= period.start, CreditNote.issued_at < period.end)
        .order_by(CreditNote.year, CreditNote.number)
    )
    return [
        {
            "number": str(number_of_credit(note)),
            "refund": refund.reference,
            "payment": payment,
            "source": source,
            "amount_minor": refund.amount.minor,
            "currency": refund.amount.currency,
            "issued_at": iso(note.issued_at),
        }
        for note, refund, payment, source in session.execute(statement)
    ]
