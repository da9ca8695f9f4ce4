"""What somebody gave between two moments, payment by payment and currency by currency, and what went back."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.patrons.models import PledgePayment
from membership.payments.credit_notes import number_of_credit
from membership.payments.models import CreditNote, Dispute, Payer, Payment, Receipt, Refund
from membership.payments.money_back import COUNTS
from membership.payments.receipts import number_of
from membership.payments.states import PAID


@dataclass(frozen=True)
class Came:
    """A payment. `receipt` is its number, '' while there is none; `is_disputed`: a bank asks for it back."""

    at: datetime
    money: Money
    cadence: str
    receipt: str
    receipt_href: str
    is_disputed: bool


@dataclass(frozen=True)
class Back:
    """Money that went back: a refund with the number of its credit note, or '' for what a bank took.

    `paid_at` is when it had come: often in another year.
    """

    at: datetime
    money: Money
    paid_at: datetime
    credit_note: str
    by_bank: bool


@dataclass(frozen=True)
class Total:
    """The sums of one currency; `kept` may be below zero: what came in one year may go back in the next."""

    came: Money
    back: Money

    @property
    def kept(self) -> Money:
        return Money(self.came.minor - self.back.minor, self.came.currency)

    @property
    def too_much(self) -> Money:
        """By how much more went back than came."""
        return Money(max(self.back.minor - self.came.minor, 0), self.came.currency)


@dataclass(frozen=True)
class Giving:
    """All of it, each in the order of time, and the totals by currency."""

    came: tuple[Came, ...]
    back: tuple[Back, ...]
    totals: tuple[Total, ...]


def giving_between(session: Session, account_id: int, start: datetime, end: datetime) -> Giving:
    """Returns what an account's payers gave, and got back, from `start` until before `end`."""
    came = _came(session, account_id, start, end)
    back = sorted(
        (*_refunded(session, account_id, start, end), *_taken(session, account_id, start, end)),
        key=lambda each: each.at,
    )
    return Giving(came, tuple(back), _totals(came, back))


def moments_of_giving(session: Session, account_id: int) -> tuple[datetime, ...]:
    """Returns when money came from an account, or went back to it."""
    theirs = Payer.account_id == account_id
    statements: tuple[Select[datetime | None], ...] = (
        select(Payment.paid_at).join(Payer).where(theirs, Payment.state.in_(PAID)),
        select(Refund.created_at).join(Payment).join(Payer).where(theirs, Refund.state.in_(COUNTS)),
        select(Dispute.closed_at).join(Payment).join(Payer).where(theirs, Dispute.state == "lost"),
    )
    return tuple(each for statement in statements for each in session.scalars(statement) if each is not None)


def _came(session: Session, account_id: int, start: datetime, end: datetime) -> tuple[Came, ...]:
    rows = session.execute(
        select(Payment, Receipt, PledgePayment)
        .join(Payer, Payer.id == Payment.payer_id)
        .outerjoin(Receipt, Receipt.payment_id == Payment.id)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .where(
            Payer.account_id == account_id,
            Payment.state.in_(PAID),
            Payment.paid_at >= start,
            Payment.paid_at < end,
        )
        .order_by(Payment.paid_at, Payment.id)
    )
    return tuple(_as_came(*row) for row in rows)


def _as_came(payment: Payment, receipt: Receipt | None, tie: PledgePayment | None) -> Came:
    return Came(
        at=payment.paid_at or payment.created_at,
        money=payment.amount,
        cadence=tie.cadence if tie else "once",
        receipt=str(number_of(receipt)) if receipt else "",
        receipt_href=f"/account/receipts/{payment.reference}",
        is_disputed=payment.state == "disputed",
    )


def _refunded(session: Session, account_id: int, start: datetime, end: datetime) -> list[Back]:
    rows = session.execute(
        select(Refund, CreditNote, Payment)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Payer, Payer.id == Payment.payer_id)
        .outerjoin(CreditNote, CreditNote.refund_id == Refund.id)
        .where(
            Payer.account_id == account_id,
            Refund.state.in_(COUNTS),
            Refund.created_at >= start,
            Refund.created_at < end,
        )
        .order_by(Refund.created_at, Refund.id)
    )
    return [
        Back(
            at=refund.created_at,
            money=refund.amount,
            paid_at=payment.paid_at or payment.created_at,
            credit_note=str(number_of_credit(note)) if note else "",
            by_bank=False,
        )
        for refund, note, payment in rows
    ]


def _taken(session: Session, account_id: int, start: datetime, end: datetime) -> list[Back]:
    rows = session.execute(
        select(Dispute, Payment)
        .join(Payment, Payment.id == Dispute.payment_id)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(_is_lost_between(start, end), Payer.account_id == account_id)
        .order_by(Dispute.closed_at, Dispute.id)
    )
    return [
        Back(
            at=dispute.closed_at or dispute.opened_at,
            money=dispute.amount,
            paid_at=payment.paid_at or payment.created_at,
            credit_note="",
            by_bank=True,
        )
        for dispute, payment in rows
    ]


def _is_lost_between(start: datetime, end: datetime) -> ColumnElement[bool]:
    return (Dispute.state == "lost") & (Dispute.closed_at >= start) & (Dispute.closed_at < end)


def _totals(came: Iterable[Came], back: Iterable[Back]) -> tuple[Total, ...]:
    given, returned = _by_currency(came), _by_currency(back)
    return tuple(
        Total(Money(given[currency], currency), Money(returned[currency], currency))
        for currency in sorted({*given, *returned})
    )


def _by_currency(lines: Iterable[Came | Back]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.money.currency] += line.money.minor
    return sums
