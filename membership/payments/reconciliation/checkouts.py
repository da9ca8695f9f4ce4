"""Attempts beside the Checkout sessions that they led to."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.payments.gateway import Gateway
from membership.payments.mirror import Thing
from membership.payments.models import Attempt
from membership.payments.reconciliation.differences import Survey, Window
from membership.payments.reconciliation.surveying import Open, Part
from membership.payments.records import Checkout
from membership.payments.syncing import attempt_state_after

# Before that somebody may still be typing.
OPEN_AFTER = timedelta(hours=1)
MOST_OPEN = 10_000


def read(gateway: Gateway, window: Window) -> Iterator[Checkout]:
    """Lists Checkout sessions."""
    return gateway.checkouts(window.since)


def fetch(gateway: Gateway, checkout_id: str) -> Checkout:
    """Asks for one Checkout session."""
    return gateway.checkout(checkout_id)


def compare(session: Session, survey: Survey, page: list[Checkout]) -> None:
    """Compares the state of the attempts behind a page of sessions.

    What is wrong with an attempt belongs to the payment or pledge that came of it, and else stands for itself.
    """
    ours = [checkout for checkout in page if survey.is_ours(checkout.tags)]
    references = {checkout.tags.attempt for checkout in ours}
    found = session.scalars(select(Attempt).where(Attempt.reference.in_(references)))
    attempts = {attempt.reference: attempt for attempt in found}
    for checkout in ours:
        attempt = attempts.get(checkout.tags.attempt or "")
        if attempt is None:
            continue
        kind, key = _belongs_to(checkout, attempt)
        pair = ("attempt", attempt.state, attempt_state_after(attempt, checkout))
        survey.compare(kind, key, Thing("checkout", checkout.id), [pair])


def _belongs_to(checkout: Checkout, attempt: Attempt) -> tuple[str, str]:
    if checkout.subscription is not None:
        return "pledge", checkout.subscription
    if checkout.intent is not None and checkout.status == "complete":
        return "payment", checkout.intent
    return "attempt", attempt.reference


def rows(session: Session, window: Window) -> int:
    """Counts the attempts of the window."""
    statement = select(func.count()).select_from(Attempt).where(Attempt.checkout_id.is_not(None))
    if window.since is not None:
        statement = statement.where(Attempt.created_at >= window.since)
    return session.scalar(statement) or 0


def _still_open(session: Session, window: Window) -> list[tuple[str, str, str]]:
    before = min(window.since or window.now, window.now - OPEN_AFTER)
    statement = (
        select(Attempt.checkout_id, Attempt.reference)
        .where(Attempt.state.in_(("open", "pending")), Attempt.checkout_id.is_not(None), Attempt.created_at < before)
        .order_by(Attempt.created_at.desc())
        .limit(MOST_OPEN)
    )
    return [(checkout_id, "attempt", reference) for checkout_id, reference in session.execute(statement) if checkout_id]


CHECKOUTS = Part("checkouts", read, compare, rows, open=Open("checkout", _still_open, fetch))
