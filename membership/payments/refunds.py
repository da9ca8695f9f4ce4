"""The sync of refunds: asked for here, or made at Stripe by the dashboard, a bank or the payer's own bank."""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_ignore
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import enqueue
from membership.payments.credit_notes import credit
from membership.payments.mirror import Cause, Mirror, Thing, reflect
from membership.payments.models import Payment, PaymentSource, Refund
from membership.payments.money_back import COUNTS, lock_payment, settle, tell_of_money
from membership.payments.notices import notify_staff
from membership.payments.records import RefundSeen
from membership.payments.syncing import know_payment

# Stripe's words in ours; one that is not known yet holds the money back, as `requires_action` does.
BY_STATUS = {"succeeded": "succeeded", "failed": "failed", "canceled": "canceled"}

# Of a refund that we hear of later, its payer has long had the money: a letter would only frighten.
NEWS_FOR = timedelta(days=30)


def sync_refund(mirror: Mirror, refund_id: str, cause: Cause) -> RefundSeen | None:
    """Brings a refund up to date, and the payment that it takes from; that one first, if it is not known."""

    def first(seen: RefundSeen) -> None:
        know_payment(mirror, seen.intent, cause)

    def keep(session: Session, seen: RefundSeen, cause: Cause, now: datetime) -> None:
        tell_of_money(mirror, session, keep_refund(session, seen, cause, now), now=now)

    return reflect(mirror, Thing("refund", refund_id), mirror.gateway.refund, keep, cause, first=first)


def keep_refund(session: Session, seen: RefundSeen, cause: Cause, now: datetime) -> Payment:
    """Applies a refund: its row, its credit note and letter when it first counts, and its payment's state.

    Returns the payment. Raises `NotOurs` if that is not ours.
    """
    payment = lock_payment(session, seen.intent)
    refund = _refund_of(session, payment, seen)
    was = refund.state
    _apply(refund, seen, now=now)
    session.add(refund)
    session.flush()
    insert_ignore(session, PaymentSource, source_id=seen.id, payment_id=payment.id)
    if refund.state in COUNTS and credit(session, refund, zone=current_newsroom().zone, now=now):
        _tell_payer(session, refund, now=now)
    if refund.state == "failed" and was != "failed":
        notify_staff(session, "refund_failed", refund.reference, now=now)
    settle(session, payment, cause, now=now)
    return payment


def _refund_of(session: Session, payment: Payment, seen: RefundSeen) -> Refund:
    known = session.scalar(select(Refund).where(Refund.stripe_refund == seen.id).with_for_update(key_share=True))
    if known is None and seen.reference is not None:
        of_ours = (Refund.reference == seen.reference, Refund.payment_id == payment.id, Refund.stripe_refund.is_(None))
        known = session.scalar(select(Refund).where(*of_ours).with_for_update(key_share=True))
    return known or Refund(
        reference=str(uuid4()), payment_id=payment.id, asked_by_kind="stripe", created_at=seen.created_at, tries=0
    )


def _tell_payer(session: Session, refund: Refund, *, now: datetime) -> None:
    if now - refund.created_at < NEWS_FOR:
        enqueue(session, "credit_note", refund.reference, {"refund": refund.reference}, now=now)


def _apply(refund: Refund, seen: RefundSeen, *, now: datetime) -> None:
    state = BY_STATUS.get(seen.status, "pending")
    if state == "pending":
        refund.settled_at = None
    elif state != refund.state or refund.settled_at is None:
        refund.settled_at = now
    refund.stripe_refund, refund.state = seen.id, state
    refund.amount, refund.reason, refund.failure = seen.amount, seen.reason, seen.failure
