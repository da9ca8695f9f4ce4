"""Giving money back: the wish is a row and a side effect of the caller's transaction; Stripe is told afterwards."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.db import locked
from membership.errors import Refusal, WrongState
from membership.money import Money
from membership.outbox.rows import enqueue
from membership.payments.models import Payment, Refund
from membership.payments.money_back import COUNTS
from membership.payments.states import KEPT

# What was wished and not sent yet is as good as gone.
SPOKEN_FOR = ("asked", *COUNTS)


@dataclass(frozen=True)
class Asker:
    """Who wishes a refund. `kind`: patron, staff or rule (ours, without a person)."""

    kind: str
    account_id: int | None = None


def left_to_refund(session: Session, payment: Payment) -> Money:
    """Returns what of a payment can still be given back: nothing of one that is not ours to give (any more)."""
    if payment.state not in KEPT or payment.payment_intent is None:
        return Money(0, payment.amount.currency)
    table = Refund.__table__.c
    statement = select(func.sum(table.amount_minor)).where(table.payment_id == payment.id, table.state.in_(SPOKEN_FOR))
    return Money(payment.amount.minor - int(session.scalar(statement) or 0), payment.amount.currency)


def ask_refund(
    session: Session,
    payment: Payment,
    amount: Money,
    *,
    reason: str | None,
    note: str | None,
    asked_by: Asker,
    now: datetime,
) -> Refund:
    """Keeps the wish to give `amount` (in the payment's own currency) back; a worker then asks Stripe for it.

    `reason` is Stripe's: duplicate, fraudulent or requested_by_customer; `None`: none is told. Raises `WrongState`
    if the payment is not paid, or disputed, or given back already, and `Refusal` for more than is left.
    """
    fresh = locked(session, Payment, payment.id)
    if fresh is None or fresh.payment_intent is None or fresh.state not in (*KEPT, "refunded"):
        raise WrongState("Only money that came by Stripe, and that no bank has asked back, can be given back here.")
    left = left_to_refund(session, fresh)
    if left.minor <= 0:
        raise WrongState("All of this payment has been given back already.")
    if amount.currency != left.currency or not 0 < amount.minor <= left.minor:
        raise Refusal(
            "At most %(left)s %(currency)s of this payment can be given back.",
            field="amount",
            left=left.plain(),
            currency=left.currency,
        )
    refund = Refund(
        reference=str(uuid4()),
        payment_id=fresh.id,
        amount=amount,
        state="asked",
        reason=reason,
        note=note,
        asked_by_kind=asked_by.kind,
        asked_by_id=asked_by.account_id,
        tries=0,
        created_at=now,
    )
    session.add(refund)
    session.flush()
    enqueue(session, "refund", refund.reference, {"refund": refund.reference}, now=now)
    return refund
