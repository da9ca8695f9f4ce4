"""The page that says what we know of an attempt: received, on its way, expired. It never trusts the redirect."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from urllib.parse import urlencode

import structlog
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.addresses import masked
from membership.db import release
from membership.errors import NotFound
from membership.money import Money
from membership.patrons.syncing import sync_pledge_checkout
from membership.payments.attempts import SETTLED, Wish, find_attempt
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import Attempt, Payer, Payment, StripeObject

BUDGET_SECONDS = 3
# A page that is reloaded by hand must not ask Stripe at every stroke.
ASK_AGAIN_AFTER = timedelta(seconds=3)

log = structlog.get_logger()


@dataclass(frozen=True)
class AttemptView:
    """What whoever has the reference may see: amount, cadence, state, the address only masked.

    `payment` is the reference of a payment that came in; the page names it to the browser that made it alone.
    """

    state: str
    money: Money
    cadence: str
    paid_at: datetime | None
    email_masked: str
    payment: str | None = None


def look(session: Session, mirror: Mirror, reference: str) -> tuple[AttemptView, Attempt]:
    """Returns what we know, asking Stripe first if we know nothing final; raises `NotFound`.

    A replaced attempt that was never paid leads to the one that replaced it.
    """
    attempt = find_attempt(session, reference)
    if attempt is None:
        raise NotFound("There is no such payment here.")
    if attempt.superseded_by_id is not None and attempt.state not in SETTLED:
        attempt = _current(session, attempt)
    payment = _payment_of(session, attempt)
    if attempt.checkout_id and _may_have_changed(session, attempt, payment, now=mirror.clock.now()):
        release(session)
        _sync_within_budget(mirror, attempt.checkout_id)
        session.expire_all()
        attempt = find_attempt(session, attempt.reference) or attempt
        payment = _payment_of(session, attempt)
    return _view(session, attempt, payment), attempt


def again_href(attempt: Attempt | Wish) -> str:
    """Returns the form with the same choice."""
    query = {"cadence": attempt.cadence, "currency": attempt.amount.currency, "amount": attempt.amount.plain()}
    if attempt.article_slug:
        query["article"] = attempt.article_slug
    return f"/support?{urlencode(query)}"


def _may_have_changed(session: Session, attempt: Attempt, payment: Payment | None, *, now: datetime) -> bool:
    if attempt.state in ("expired", "failed") or (payment is not None and payment.paid_at is not None):
        return False
    known = session.get(StripeObject, attempt.checkout_id)
    return known is None or known.fetched_at is None or now - known.fetched_at >= ASK_AGAIN_AFTER


def _sync_within_budget(mirror: Mirror, checkout_id: str) -> None:
    # The thread goes on if Stripe is slow; the page does not wait for it and looks again by itself.
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the app behind the proxy
    thread = Thread(target=_sync, args=(app, mirror, checkout_id), daemon=True)
    thread.start()
    thread.join(BUDGET_SECONDS)


def _sync(app: Flask, mirror: Mirror, checkout_id: str) -> None:
    with app.app_context():
        try:
            sync_pledge_checkout(mirror, checkout_id, Cause("thanks"))
        except Exception:  # the edge of a thread: the page then says what we knew before
            log.exception("thanks.sync_failed", checkout=checkout_id)


def _view(session: Session, attempt: Attempt, payment: Payment | None) -> AttemptView:
    return AttemptView(
        state=_state(attempt, payment),
        money=payment.amount if payment else attempt.amount,
        cadence=attempt.cadence,
        paid_at=payment.paid_at if payment else None,
        email_masked=masked(email) if (email := _email(session, attempt, payment)) else "",
        payment=payment.reference if payment and payment.paid_at else None,
    )


def _state(attempt: Attempt, payment: Payment | None) -> str:
    # Not of a pledge: whoever typed a patron's address would learn from it that the owner was asked.
    if payment is not None and payment.state == "refunded" and attempt.cadence == "once":
        return "given_back"
    if payment is not None and payment.paid_at is not None:
        return "received"
    if attempt.state in ("paid", "pending"):
        return "on_its_way"
    return attempt.state if attempt.state in ("expired", "failed") else "unknown"


def _email(session: Session, attempt: Attempt, payment: Payment | None) -> str | None:
    if attempt.email is not None or payment is None or payment.payer_id is None:
        return attempt.email
    payer = select(Payer.email).where(Payer.id == payment.payer_id)
    # Whoever paid under somebody's address does not learn to which one that person has moved since.
    return session.scalar(payer if attempt.email_key is None else payer.where(Payer.email_key == attempt.email_key))


def _payment_of(session: Session, attempt: Attempt) -> Payment | None:
    return session.scalar(select(Payment).where(Payment.attempt_id == attempt.id))


def _current(session: Session, attempt: Attempt) -> Attempt:
    statement = select(Attempt).where(Attempt.token_hash == attempt.token_hash, Attempt.superseded_by_id.is_(None))
    return session.scalars(statement).one()
