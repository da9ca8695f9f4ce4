"""Two payments of one form: replacing a Checkout closes the one before, and if both were paid, the later goes back.

Here it is noticed; what follows is a side effect, because a pledge may hang on the payment, a floor above.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from membership.db import take_turn
from membership.outbox.rows import enqueue, put_off
from membership.payments.attempts import TURN
from membership.payments.models import Attempt, Payment, Refund
from membership.payments.states import KEPT

# What has come and is not all given back; a bank may be asking for it.
STANDS = ("paid", "partly_refunded", "disputed")


def notice_second(session: Session, attempt: Attempt, payment: Payment, *, now: datetime) -> None:
    """Lets the later of two payments of one form be given back, once. Whoever calls it has the form's turn."""
    if attempt.revision == 1 and attempt.superseded_by_id is None:
        return
    for other in _others(session, attempt.token_hash, payment):
        later = max((payment, other), key=_order)
        enqueue(session, "second_payment", later.reference, {"payment": later.reference}, now=now)


def is_second(session: Session, payment: Payment) -> bool:
    """Says whether an earlier payment of the same form stands. Takes the form's turn, until the transaction ends."""
    if payment.attempt_id is None or payment.paid_at is None:
        return False
    token_hash = session.scalars(select(Attempt.token_hash).where(Attempt.id == payment.attempt_id)).one()
    take_turn(session, f"{TURN}{token_hash}")
    return any(_order(other) < _order(payment) for other in _others(session, token_hash, payment))


def look_at_seconds_again(session: Session, *, now: datetime) -> None:
    """Lets second payments be given back that could not be before: a bank asked for them, and has stopped asking."""
    earlier, form = aliased(Payment), aliased(Attempt)
    first = (
        select(earlier.id)
        .join(form, form.id == earlier.attempt_id)
        .where(form.token_hash == Attempt.token_hash, earlier.paid_at < Payment.paid_at, earlier.state.in_(STANDS))
    )
    kept = select(Payment.reference).join(Attempt, Attempt.id == Payment.attempt_id)
    kept = kept.where(
        Payment.state.in_(KEPT), first.exists(), ~select(Refund.id).where(Refund.payment_id == Payment.id).exists()
    )
    for reference in session.scalars(kept).all():
        put_off(session, "second_payment", reference, {"payment": reference}, due_at=now, now=now)


def _others(session: Session, token_hash: str, payment: Payment) -> Sequence[Payment]:
    of_form = select(Payment).join(Attempt, Attempt.id == Payment.attempt_id).where(Attempt.token_hash == token_hash)
    return session.scalars(of_form.where(Payment.id != payment.id, Payment.state.in_(STANDS))).all()


def _order(payment: Payment) -> tuple[datetime, int]:
    return payment.paid_at or payment.created_at, payment.id
