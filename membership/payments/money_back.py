"""Money that goes back: whose payment it was, and how that payment stands after it."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.payments.mirror import Cause, Mirror, NotOurs
from membership.payments.models import Dispute, Payment, Refund
from membership.payments.states import KEPT, PAID, move, state_of_paid

# Refunds that take money from a payment: one that was only asked for does not yet, one that failed does no more.
COUNTS = ("pending", "succeeded")


def is_known_as_paid(session: Session, intent: str) -> bool:
    """Says whether we know the payment of this intent, and that it was paid."""
    return session.scalar(select(Payment.state).where(Payment.payment_intent == intent)) in PAID


def lock_payment(session: Session, intent: str | None) -> Payment:
    """Returns the payment of an intent, read anew and locked. Raises `NotOurs` if there is none."""
    statement = select(Payment).where(Payment.payment_intent == intent).with_for_update(key_share=True)
    payment = session.scalar(statement, execution_options={"populate_existing": True}) if intent else None
    if payment is None:
        raise NotOurs("no payment of ours")
    return payment


def settle(session: Session, payment: Payment, cause: Cause, *, now: datetime) -> bool:
    """Moves a payment to where its refunds and disputes leave it; returns whether it moved.

    The payment's row is locked by the caller.
    """
    session.flush()
    return move(session, payment, paid_state(session, payment), cause, now=now)


def tell_of_money(mirror: Mirror, session: Session, payment: Payment, *, now: datetime) -> None:
    """Says to whom it matters whether a payment that was paid is with us; may be said again. Call this last."""
    why = None if payment.state in KEPT else payment.state
    for hook in mirror.money_went_back:
        hook(session, payment.id, why, now=now)


def paid_state(session: Session, payment: Payment) -> str:
    """Says how a payment stands that was paid, from the refunds and disputes that we know."""
    if payment.id is None:
        return "paid"
    refunds = Refund.__table__.c
    of_it = select(func.sum(refunds.amount_minor)).where(refunds.payment_id == payment.id, refunds.state.in_(COUNTS))
    disputes = session.scalars(select(Dispute.state).where(Dispute.payment_id == payment.id))
    return state_of_paid(payment.amount.minor, int(session.scalar(of_it) or 0), disputes.all())
