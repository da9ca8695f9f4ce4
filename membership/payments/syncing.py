"""The syncs of money: a Checkout session and a payment, brought from Stripe into our tables.

The same functions serve the worker, the thanks page and reconciliation.
"""

from datetime import datetime
from uuid import uuid4

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from membership.db import insert_ignore
from membership.newsroom.site_version import site_id
from membership.newsroom.words import current_newsroom
from membership.payments.attempts import hold_form, lock_attempt
from membership.payments.erased import forget_told, is_of_erased
from membership.payments.mirror import Cause, Mirror, NotOurs, Thing, reflect
from membership.payments.models import Attempt, Payer, Payment, PaymentSource
from membership.payments.money_back import is_known_as_paid, paid_state, tell_of_money
from membership.payments.payers import payer_for
from membership.payments.receipts import has_receipt, issue
from membership.payments.records import Checkout, Intent, Tags
from membership.payments.second_of_form import notice_second
from membership.payments.states import KEPT, PAID, move, state_after

# Made once: it is asked for each payment.
_LOCKED = select(Payment).where(Payment.payment_intent == bindparam("intent")).with_for_update()

log = structlog.get_logger()


def sync_checkout(mirror: Mirror, checkout_id: str, cause: Cause) -> Checkout | None:
    """Brings a Checkout session up to date, and the payment that it made; returns what Stripe says of it."""
    checkout = reflect(mirror, Thing("checkout", checkout_id), mirror.gateway.checkout, keep_checkout, cause)
    if checkout is not None and checkout.intent is not None:
        sync_payment(mirror, checkout.intent, cause)
    return checkout


def sync_payment(mirror: Mirror, intent_id: str, cause: Cause) -> Intent | None:
    """Brings a payment up to date from its payment intent."""

    def keep(session: Session, intent: Intent, cause: Cause, now: datetime) -> None:
        payment = keep_payment(session, intent, cause, now)
        if payment.state in PAID and payment.state not in KEPT:
            tell_of_money(mirror, session, payment, now=now)

    return reflect(mirror, Thing("payment", intent_id), mirror.gateway.intent, keep, cause)


def know_payment(mirror: Mirror, intent_id: str | None, cause: Cause) -> None:
    """Looks at a payment first that a refund or a dispute is about, unless it is known as paid. Raises `NotOurs`."""
    if intent_id is None:
        raise NotOurs("it is about no payment intent, and all of ours have one")
    with mirror.database.session() as session:
        is_known = is_known_as_paid(session, intent_id)
    if not is_known:
        sync_payment(mirror, intent_id, cause)


def keep_checkout(session: Session, checkout: Checkout, _cause: Cause, now: datetime) -> None:
    """Applies a Checkout session to its attempt. Raises `NotOurs` if it bears no mark of this site."""
    require_ours(session, checkout.tags)
    attempt = lock_attempt(session, checkout.tags.attempt or "")
    if attempt is None:
        log.error("checkout.without_attempt", checkout=checkout.id)
        return
    attempt.checkout_id = attempt.checkout_id or checkout.id
    attempt.state = attempt_state_after(attempt, checkout)
    if attempt.state == "expired":
        attempt.email = None
    if is_of_erased(session, attempt.account_id):
        forget_told(session, (attempt.reference,), now=now)


def attempt_state_after(attempt: Attempt, checkout: Checkout) -> str:
    """Says where a Checkout session leaves its attempt."""
    if checkout.status == "complete" and checkout.payment_status == "unpaid":
        # The session goes on saying so after the debit has failed; only the payment tells.
        return attempt.state if attempt.state in ("paid", "failed") else "pending"
    if checkout.status == "complete":
        return "paid"
    # An old session that expires says nothing about a newer one of the same attempt.
    if checkout.status == "expired" and attempt.state == "open" and attempt.checkout_id == checkout.id:
        return "expired"
    return attempt.state


def keep_payment(session: Session, intent: Intent, cause: Cause, now: datetime) -> Payment:
    """Applies a payment intent: the payment, its payer, its state, and the receipt when it is first paid."""
    require_ours(session, intent.tags)
    attempt = _attempt_of(session, intent)
    payment = _payment_of(session, intent, attempt, now=now)
    charge, is_new = intent.charge, payment.id is None
    payer = _payer_of(session, payment, attempt, intent, now=now)
    payment.payer_id = payer.id
    if payer.erased_at is not None:
        forget_told(session, (intent.id, intent.customer or ""), now=now)
    _move_along(session, payment, attempt, intent, cause, now=now)
    if payment.state == "failed" and attempt is not None and attempt.state == "pending":
        attempt.state = "failed"
    if charge is not None:
        insert_ignore(session, PaymentSource, source_id=charge.id, payment_id=payment.id)
    if charge is not None and charge.status == "failed":
        payment.failure, payment.failed_at = charge.failure, charge.created_at
    if payment.state not in PAID:
        payment.paid_at = None
        return payment
    payment.paid_at = _taken_at(intent)
    if attempt is not None:
        # The payer keeps what the receipt needs.
        attempt.state, attempt.email = "paid", None
    if is_new or not has_receipt(session, payment):
        of_pledge = intent.invoice is not None
        addressee = _addressee(payer, attempt, intent)
        zone = current_newsroom().zone
        issue(session, payment, payer, addressee=addressee, of_pledge=of_pledge, zone=zone, now=now)
    if attempt is not None:
        notice_second(session, attempt, payment, now=now)
    return payment


def _move_along(
    session: Session, payment: Payment, attempt: Attempt | None, intent: Intent, cause: Cause, *, now: datetime
) -> None:
    to, is_new = state_after(_state_before(payment, attempt), intent.status), payment.id is None
    if to != "paid":
        move(session, payment, to, cause, now=now)
        return
    if payment.state not in PAID:
        # Before the step, so that the row is written once.
        payment.paid_at = _taken_at(intent)
        if not move(session, payment, "paid", cause, now=now):
            return
    # Paid, for Stripe, is also what was given back since; of that the refunds and disputes tell. None can refer to a
    # row that nobody else has seen.
    if not is_new:
        move(session, payment, paid_state(session, payment), cause, now=now)


def _taken_at(intent: Intent) -> datetime:
    return intent.charge.created_at if intent.charge else intent.created_at


def _state_before(payment: Payment, attempt: Attempt | None) -> str | None:
    # A debit may be over before we first look at it: its Checkout was completed, so the bank has been asked.
    is_asked = attempt is not None and attempt.state == "pending"
    return "pending" if is_asked and payment.state in (None, "started") else payment.state


def _payer_of(session: Session, payment: Payment, attempt: Attempt | None, intent: Intent, *, now: datetime) -> Payer:
    # Once chosen it stays: meanwhile the payer may have been claimed by an account.
    if payment.payer_id is not None:
        return session.get_one(Payer, payment.payer_id)
    email, name = (intent.charge.email, intent.charge.name) if intent.charge else (None, None)
    return payer_for(session, attempt, customer=intent.customer, email=email, name=name, now=now)


def _addressee(payer: Payer, attempt: Attempt | None, intent: Intent) -> str | None:
    if payer.erased_at is not None:
        return None
    # The receipt is shown to the browser that paid: a payer found by a typed address alone may be somebody else.
    named = intent.charge.name if intent.charge else None
    is_known = intent.customer is not None or (attempt is not None and attempt.account_id is not None)
    return named or (payer.name if is_known else None)


def require_ours(session: Session, tags: Tags) -> None:
    """Raises `NotOurs` unless an object bears this site's random mark."""
    if tags.site is None:
        raise NotOurs("no mark of this site")
    if tags.site != site_id(session):
        raise NotOurs("marked by another site")


def _attempt_of(session: Session, intent: Intent) -> Attempt | None:
    # A renewal's invoice repeats the subscription's marks, but only the first payment came from the attempt.
    if intent.invoice is not None and not intent.is_first_of_subscription:
        return None
    return hold_form(session, intent.tags.attempt or "")


def _payment_of(session: Session, intent: Intent, attempt: Attempt | None, *, now: datetime) -> Payment:
    payment = session.scalar(_LOCKED, {"intent": intent.id}, execution_options={"populate_existing": True})
    if payment is None:
        payment = Payment(
            reference=str(uuid4()),
            attempt_id=attempt.id if attempt and not _has_payment(session, attempt) else None,
            source="stripe",
            payment_intent=intent.id,
            amount=intent.amount,
            created_at=intent.created_at,
        )
    payment.amount = intent.amount
    return payment


def _has_payment(session: Session, attempt: Attempt) -> bool:
    return session.scalar(select(Payment.id).where(Payment.attempt_id == attempt.id)) is not None
