"""The life of a payment: one table of allowed moves with named refusals, and one way to make them.

Up to *paid* Stripe's word for the intent leads; after it the state follows from what went back (`state_of_paid`).
"""

from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from membership.db import insert_row
from membership.payments.mirror import Cause
from membership.payments.models import Payment, PaymentState

# The money has come, whatever part of it went back since.
PAID = ("paid", "partly_refunded", "refunded", "disputed", "lost")
# The money has come and is still with us, at least in part: only this gives standing.
KEPT = ("paid", "partly_refunded")
# It was with us and is not any more.
GONE = frozenset(PAID) - frozenset(KEPT)

# From each state, where a payment may go. Among those that are paid everything may happen, back and forth: refunds
# fail, disputes are won, and we may look only when several such things have happened.
MOVES: dict[str | None, frozenset[str]] = {
    None: frozenset(("started", "pending", "paid", "failed", "expired")),
    "started": frozenset(("pending", "paid", "failed", "expired")),
    "pending": frozenset(("paid", "failed", "expired")),
    "failed": frozenset(("started", "pending", "paid", "expired")),
    "expired": frozenset(),
    **{state: frozenset(PAID) - {state} for state in PAID},
}

NEVER_UNPAID = "Money that has come does not become money that has not: it is given back, or disputed."
NOT_PAID_YET = "Only what was paid can be given back or disputed."
OVER = "A payment that expired is over; who tries again makes another one."
ON_ITS_WAY = "What the bank was asked for is on its way until the bank says yes or no."

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

# Disputes that hold no money of ours: decided for us, or never more than a question
# (https://docs.stripe.com/api/disputes/object#dispute_object-status). A word that is not known yet holds it.
HARMLESS_DISPUTES = frozenset(
    ("won", "prevented", "charge_refunded", "warning_needs_response", "warning_under_review", "warning_closed")
)

log = structlog.get_logger()


def state_after(was: str | None, status: str) -> str:
    """Says in our words where an intent's status leads a payment; an unknown status leaves it where it is.

    A bank debit that fails days later asks for another way to pay, as a card does that was declined at once; it has
    failed for as long as nobody tries again.
    """
    if was == "failed" and status == "requires_payment_method":
        return "failed"
    to = BY_STATUS.get(status, was or "started")
    return "failed" if was == "pending" and to == "started" else to


def state_of_paid(amount_minor: int, refunded_minor: int, disputes: Iterable[str]) -> str:
    """Says how a payment stands that was paid: `refunded_minor` went back, or is on its way (minor units).

    `disputes`: Stripe's words for the disputes over it.
    """
    harmful = set(disputes) - HARMLESS_DISPUTES
    if harmful - {"lost"}:
        return "disputed"
    if harmful:
        return "lost"
    if refunded_minor >= amount_minor:
        return "refunded"
    return "partly_refunded" if refunded_minor > 0 else "paid"


def refusal(was: str | None, to: str) -> str | None:
    """Says why a payment may not go from one state to another; `None` if it may."""
    if to in MOVES[was]:
        return None
    if was in PAID:
        return NEVER_UNPAID
    if was == "expired":
        return OVER
    return NOT_PAID_YET if to in PAID else ON_ITS_WAY


def move(session: Session, payment: Payment, to: str, cause: Cause, *, now: datetime) -> bool:
    """Moves a payment and writes the step down; `False` if it is there already or may not go there. Adds a new one.

    A forbidden move is no error: with tickets it cannot come from disorder, so it is logged for somebody to look at.
    Reconciliation makes it all the same, and the step says so: somebody has changed the row by hand.
    """
    was = payment.state or None
    if was == to:
        return False
    why_not = refusal(was, to)
    if why_not is not None and cause.kind != "reconcile":
        log.error("payment.move_refused", payment=payment.reference, was=was, to=to, why=why_not)
        return False
    if why_not is not None:
        log.warning("payment.repaired", payment=payment.reference, was=was, to=to)
    payment.state = to
    session.add(payment)
    session.flush()
    step = {"was": was, "now": to, "at": now, "cause_kind": cause.kind, "cause_id": cause.id}
    insert_row(session, PaymentState, payment_id=payment.id, **step)
    return True
