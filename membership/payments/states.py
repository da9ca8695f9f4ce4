"""The life of a payment: one table of allowed moves, and one way to make them."""

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from membership.payments.mirror import Cause
from membership.payments.models import Payment, PaymentState

log = structlog.get_logger()

# From each state, where a payment may go. Nothing leads back from money that has moved to money that has not.
MOVES: dict[str | None, frozenset[str]] = {
    None: frozenset(("started", "pending", "paid", "failed", "expired")),
    "started": frozenset(("pending", "paid", "failed", "expired")),
    "pending": frozenset(("paid", "failed", "expired")),
    "failed": frozenset(("started", "pending", "paid", "expired")),
    "paid": frozenset(),
    "expired": frozenset(),
}

# Stripe's words for an intent (https://docs.stripe.com/payments/paymentintents/lifecycle) in ours.
BY_STATUS = {
    "requires_payment_method": "started",
    "requires_confirmation": "started",
    "requires_action": "started",
    "processing": "pending",
    "requires_capture": "pending",
    "succeeded": "paid",
    "canceled": "expired",
}


def state_after(was: str | None, status: str) -> str:
    """Says in our words where an intent's status leads a payment; an unknown status leaves it where it is.

    A bank debit that fails days later asks for another way to pay, as a card does that was declined at once; it has
    failed for as long as nobody tries again.
    """
    if was == "failed" and status == "requires_payment_method":
        return "failed"
    to = BY_STATUS.get(status, was or "started")
    return "failed" if was == "pending" and to == "started" else to


def move(session: Session, payment: Payment, to: str, cause: Cause, *, now: datetime) -> bool:
    """Moves a payment and writes the step down; `False` if it is there already or may not go there. Adds a new one.

    A forbidden move is no error: with tickets it cannot come from disorder, so it is logged for somebody to look at.
    """
    was = payment.state or None
    if was == to:
        return False
    if to not in MOVES.get(was, frozenset()):
        log.error("payment.move_refused", payment=payment.reference, was=was, to=to)
        return False
    payment.state = to
    session.add(payment)
    session.flush()
    session.add(PaymentState(payment_id=payment.id, was=was, now=to, at=now, cause_kind=cause.kind, cause_id=cause.id))
    return True
