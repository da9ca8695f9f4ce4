"""The sync of disputes, in which a payer's bank asks for the money back; and warnings before there is one."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_ignore, transaction
from membership.payments.mirror import Cause, Mirror, Thing, reflect
from membership.payments.models import Dispute, Payment, PaymentSource
from membership.payments.money_back import lock_payment, settle, tell_of_money
from membership.payments.notices import notify_staff
from membership.payments.records import DisputeSeen
from membership.payments.states import HARMLESS_DISPUTES
from membership.payments.syncing import know_payment

DECIDED = {"won": "dispute_won", "lost": "dispute_lost"}


def sync_dispute(mirror: Mirror, dispute_id: str, cause: Cause) -> DisputeSeen | None:
    """Brings a dispute up to date, and the payment that it is about; that one first, if it is not known."""

    def first(seen: DisputeSeen) -> None:
        know_payment(mirror, seen.intent, cause)

    def keep(session: Session, seen: DisputeSeen, cause: Cause, now: datetime) -> None:
        tell_of_money(mirror, session, keep_dispute(session, seen, cause, now), now=now)

    return reflect(mirror, Thing("dispute", dispute_id), mirror.gateway.dispute, keep, cause, first=first)


def keep_dispute(session: Session, seen: DisputeSeen, cause: Cause, now: datetime) -> Payment:
    """Applies a dispute: its row, its payment's state, and what staff must hear. Returns the payment.

    Raises `NotOurs` if that is not ours.
    """
    payment = lock_payment(session, seen.intent)
    dispute = session.scalar(select(Dispute).where(Dispute.stripe_dispute == seen.id).with_for_update())
    if dispute is None:
        dispute = Dispute(stripe_dispute=seen.id, payment_id=payment.id)
    was = dispute.state or None
    dispute.state, dispute.reason, dispute.amount = seen.status, seen.reason, seen.amount
    dispute.opened_at, dispute.due_at = seen.created_at, seen.due_at
    dispute.closed_at = (dispute.closed_at or now) if _is_over(seen.status) else None
    session.add(dispute)
    insert_ignore(session, PaymentSource, source_id=seen.id, payment_id=payment.id)
    settle(session, payment, cause, now=now)
    _tell_staff(session, seen, was, now=now)
    return payment


def warn_of_fraud(mirror: Mirror, intent: str, cause: Cause) -> None:
    """Lets staff hear once that a card's network suspects the payment of this intent. Raises `NotOurs`."""
    know_payment(mirror, intent, cause)
    with mirror.database.session() as session, transaction(session):
        notify_staff(session, "fraud_warning", lock_payment(session, intent).reference, now=mirror.clock.now())


def _is_over(status: str) -> bool:
    return status in ("won", "lost", "prevented", "charge_refunded", "warning_closed")


def _tell_staff(session: Session, seen: DisputeSeen, was: str | None, *, now: datetime) -> None:
    # One that was over when we first heard of it is history, not news.
    if was is not None and was != seen.status and seen.status in DECIDED:
        notify_staff(session, DECIDED[seen.status], seen.id, now=now)
    elif not _is_over(seen.status) and seen.status not in HARMLESS_DISPUTES:
        notify_staff(session, "dispute", seen.id, now=now)
