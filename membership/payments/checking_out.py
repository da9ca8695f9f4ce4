"""From a wish to a page where it can be paid: keep the attempt, commit, ask Stripe, keep the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.db import locked, transaction
from membership.errors import Unavailable
from membership.newsroom.site_version import site_id
from membership.outbox.rows import enqueue
from membership.payments.attempts import CHECKOUT_LIFE, SETTLED, Wish, begin
from membership.payments.gateway import Checkout, CheckoutOrder, Gateway, KeySpoiled, StripeAway, StripeRefused
from membership.payments.limits import check_limits
from membership.payments.models import Attempt

KEYS_TRIED = 3

log = structlog.get_logger()


@dataclass(frozen=True)
class Pages:
    """Absolute addresses that depend on the attempt's reference: where Stripe sends people back to."""

    thanks: Callable[[str], str]
    back: Callable[[Attempt], str]


def check_out(session: Session, gateway: Gateway, token_hash: str, wish: Wish, *, pages: Pages, clock: Clock) -> str:
    """Returns where to send the reader: Stripe's page, or our thanks page if this token is already paid.

    Raises `TooMany` before anything is kept, and `Unavailable` if Stripe cannot be reached: then the attempt
    stands, and sending the same form again goes on with it.
    """
    now = clock.now()
    with transaction(session):
        begun = begin(session, token_hash, wish, now=now)
        if begun.is_new:
            check_limits(session, wish, now=now)
        if begun.replaced_checkout:
            _close_later(session, begun.replaced_checkout, now=now)
        attempt = begun.attempt
        site = site_id(session)
    if attempt.state in SETTLED:
        return pages.thanks(attempt.reference)
    try:
        if begun.replaced_checkout:
            gateway.expire_checkout(begun.replaced_checkout)
        return attempt.checkout_url or _open(session, gateway, attempt, _Order(site, pages), clock=clock)
    except (StripeAway, StripeRefused, KeySpoiled) as error:
        log.warning("checkout.unavailable", attempt=attempt.reference, error=str(error))
        raise Unavailable(
            "Payments cannot be reached right now. Nothing was taken. Please try again in a few minutes.",
            retry_after=120,
        ) from error


@dataclass(frozen=True)
class _Order:
    site: str
    pages: Pages

    def of(self, attempt: Attempt) -> CheckoutOrder:
        # A function of the row alone: Stripe refuses one key with two bodies.
        return CheckoutOrder(
            attempt=attempt.reference,
            site=self.site,
            cadence=attempt.cadence,
            amount=attempt.amount,
            email=attempt.email,
            language=attempt.language,
            success_url=self.pages.thanks(attempt.reference),
            cancel_url=self.pages.back(attempt),
            expires_at=attempt.expires_at,
            key=attempt.reference if attempt.tries == 0 else f"{attempt.reference}:{attempt.tries}",
        )


def _open(session: Session, gateway: Gateway, attempt: Attempt, order: _Order, *, clock: Clock) -> str:
    for _ in range(KEYS_TRIED):
        try:
            checkout = gateway.create_checkout(order.of(attempt))
        except KeySpoiled as error:
            log.warning("checkout.key_spoiled", attempt=attempt.reference, error=str(error))
            attempt = _next_key(session, attempt, now=clock.now())
        else:
            return _keep(session, gateway, attempt, checkout, order.pages, now=clock.now())
    raise StripeAway("every key was spoiled")


def _next_key(session: Session, attempt: Attempt, *, now: datetime) -> Attempt:
    with transaction(session):
        fresh = locked(session, Attempt, attempt.id) or attempt
        fresh.tries += 1
        fresh.expires_at = now.replace(microsecond=0) + CHECKOUT_LIFE
    return fresh


def _keep(
    session: Session, gateway: Gateway, attempt: Attempt, checkout: Checkout, pages: Pages, *, now: datetime
) -> str:
    with transaction(session):
        fresh = locked(session, Attempt, attempt.id) or attempt
        fresh.checkout_id, fresh.checkout_url = checkout.id, checkout.url
        successor = _successor(session, fresh)
        if successor is not None:
            _close_later(session, checkout.id, now=now)
    if successor is not None:
        # While Stripe answered, the same form was sent again with other content: only that one may be paid.
        gateway.expire_checkout(checkout.id)
        return successor.checkout_url or pages.thanks(successor.reference)
    return checkout.url or pages.thanks(attempt.reference)


def _close_later(session: Session, checkout_id: str, *, now: datetime) -> None:
    # We close it ourselves in a moment; should this process die before, the worker does, and nobody pays twice.
    enqueue(session, "expire_checkout", checkout_id, {"checkout": checkout_id}, now=now)


def _successor(session: Session, attempt: Attempt) -> Attempt | None:
    if attempt.superseded_by_id is None:
        return None
    statement = select(Attempt).where(Attempt.token_hash == attempt.token_hash, Attempt.superseded_by_id.is_(None))
    return session.scalars(statement).one()
