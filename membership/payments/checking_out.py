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
from membership.payments.attempts import CHECKOUT_LIFE, SETTLED, Wish, begin, replaced
from membership.payments.gateway import Gateway, GoneAtStripe, KeySpoiled, StripeAway, StripeRefused
from membership.payments.limits import Limits, check_limits
from membership.payments.models import Attempt
from membership.payments.records import Checkout, CheckoutOrder

KEYS_TRIED = 3

log = structlog.get_logger()


@dataclass(frozen=True)
class Pages:
    """Absolute addresses that depend on the attempt's reference: where Stripe sends people back to."""

    thanks: Callable[[str], str]
    back: Callable[[Attempt], str]


@dataclass(frozen=True)
class Place:
    """Where to send the reader, and the reference of the attempt that stands there."""

    href: str
    attempt: str

    @classmethod
    def of_thanks(cls, attempt: Attempt, pages: Pages) -> "Place":
        """Leads to the page that tells of an attempt that is paid or on its way."""
        return cls(pages.thanks(attempt.reference), attempt.reference)


def check_out(
    session: Session, gateway: Gateway, token_hash: str, wish: Wish, *, limits: Limits, pages: Pages, clock: Clock
) -> Place:
    """Returns where to send the reader: Stripe's page, or our thanks page if this token is already paid.

    Raises `Braked` before anything is kept, and `Unavailable` if Stripe cannot be reached: then the attempt
    stands, and sending the same form again goes on with it.
    """
    now = clock.now()
    with transaction(session):
        begun = begin(session, token_hash, wish, now=now)
        if begun.is_new:
            check_limits(session, wish, limits, now=now)
        attempt, site = begun.attempt, site_id(session)
        earlier = replaced(session, attempt)
        for each in earlier:
            _close_later(session, each.checkout_id, now=now)
    if attempt.state in SETTLED:
        return Place.of_thanks(attempt, pages)
    if attempt.checkout_url is not None:
        return Place(attempt.checkout_url, attempt.reference)
    try:
        paid = _close_earlier(session, gateway, earlier)
        if paid is not None:
            return Place.of_thanks(paid, pages)
        return _open(session, gateway, attempt, _Order(site, pages), clock=clock)
    except (StripeAway, StripeRefused, KeySpoiled, GoneAtStripe) as error:
        log.warning("checkout.unavailable", attempt=attempt.reference, error=str(error))
        raise Unavailable(
            "Payments cannot be reached right now. Nothing was taken. Please try again in a few minutes.",
            retry_after=120,
        ) from error


def close_open_pages(session: Session, *, now: datetime) -> None:
    """Lets workers make unpayable what stands open at Stripe, because nothing is taken any more."""
    stands = (Attempt.state == "open", Attempt.checkout_id.is_not(None), Attempt.expires_at > now)
    for checkout_id in session.scalars(select(Attempt.checkout_id).where(*stands).order_by(Attempt.id)).all():
        _close_later(session, checkout_id, now=now)


def _close_earlier(session: Session, gateway: Gateway, earlier: list[Attempt]) -> Attempt | None:
    """Makes what this form led to before unpayable; returns the attempt that somebody has paid meanwhile, if any.

    Every POST that is about to open a page does it, not only the one that replaced: that one may have died.
    """
    for each in earlier:
        if gateway.expire_checkout(each.checkout_id or ""):
            return _completed(session, each)
    return None


def _completed(session: Session, attempt: Attempt) -> Attempt:
    with transaction(session):
        fresh = locked(session, Attempt, attempt.id) or attempt
        # What exactly was paid the sync will tell; until then it is on its way.
        fresh.state = "pending" if fresh.state == "open" else fresh.state
    return fresh


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


def _open(session: Session, gateway: Gateway, attempt: Attempt, order: _Order, *, clock: Clock) -> Place:
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
        seen = attempt.tries
        fresh = locked(session, Attempt, attempt.id) or attempt
        # Somebody else who sent the same form may have gone on to the next key already: then it is ours too.
        if fresh.tries == seen:
            fresh.tries += 1
            fresh.expires_at = now.replace(microsecond=0) + CHECKOUT_LIFE
    return fresh


def _keep(
    session: Session, gateway: Gateway, attempt: Attempt, checkout: Checkout, pages: Pages, *, now: datetime
) -> Place:
    with transaction(session):
        fresh = locked(session, Attempt, attempt.id) or attempt
        is_kept = fresh.checkout_id in (None, checkout.id)
        if is_kept:
            fresh.checkout_id, fresh.checkout_url = checkout.id, checkout.url
        successor = _successor(session, fresh)
        if successor is not None or not is_kept:
            _close_later(session, checkout.id, now=now)
    stands = successor or fresh
    # While Stripe answered, the same form was sent again and led to another page: only that one may be paid.
    if stands.checkout_id != checkout.id and gateway.expire_checkout(checkout.id):
        return Place.of_thanks(_completed(session, fresh), pages)
    return Place(stands.checkout_url or pages.thanks(stands.reference), stands.reference)


def _close_later(session: Session, checkout_id: str | None, *, now: datetime) -> None:
    # We close it ourselves in a moment; should this process die before, the worker does, and nobody pays twice.
    if checkout_id is not None:
        enqueue(session, "expire_checkout", checkout_id, {"checkout": checkout_id}, now=now)


def _successor(session: Session, attempt: Attempt) -> Attempt | None:
    if attempt.superseded_by_id is None:
        return None
    statement = select(Attempt).where(Attempt.token_hash == attempt.token_hash, Attempt.superseded_by_id.is_(None))
    return session.scalars(statement).one()
