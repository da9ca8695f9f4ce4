"""Stopping a pledge and taking that back: asked of Stripe, then mirrored from what Stripe says."""

from sqlalchemy.orm import Session

from membership.db import release
from membership.errors import NotFound, Unavailable, WrongState
from membership.patrons.models import Pledge
from membership.patrons.pledges import live_pledge
from membership.patrons.syncing import sync_subscription
from membership.payments.gateway import GoneAtStripe, KeySpoiled, StripeAway, StripeRefused
from membership.payments.mirror import Cause, Mirror

FAILING = frozenset(("past_due", "unpaid"))
BY_PATRON = Cause("patron")
AWAY = (StripeAway, StripeRefused, KeySpoiled)


def stop(session: Session, mirror: Mirror, account_id: int) -> None:
    """Ends the live pledge of an account with the paid period; at once if its last charge failed.

    Stopping twice is stopping. Raises `NotFound` without a pledge, `Unavailable` if Stripe is away.
    """
    pledge = _fresh_pledge(session, mirror, account_id)
    if pledge.cancel_at is None and pledge.live:
        try:
            if pledge.stripe_status in FAILING:
                mirror.gateway.cancel(pledge.subscription)
            else:
                mirror.gateway.set_cancellation(pledge.subscription, at_period_end=True)
            sync_subscription(mirror, pledge.subscription, BY_PATRON)
        except GoneAtStripe:
            sync_subscription(mirror, pledge.subscription, BY_PATRON)
        except AWAY as error:
            raise _away() from error


def resume(session: Session, mirror: Mirror, account_id: int) -> None:
    """Takes a stop back while the paid period lasts. Raises `NotFound`, `WrongState` or `Unavailable`."""
    pledge = _pledge(session, account_id)
    if pledge.cancel_at is not None and pledge.cancel_at <= mirror.clock.now():
        raise WrongState("This pledge has already ended. You can start a new one any time.")
    if pledge.cancel_at is not None:
        try:
            mirror.gateway.set_cancellation(pledge.subscription, at_period_end=False)
            sync_subscription(mirror, pledge.subscription, BY_PATRON)
        except (*AWAY, GoneAtStripe) as error:
            raise _away() from error


def _fresh_pledge(session: Session, mirror: Mirror, account_id: int) -> Pledge:
    # How it stands decides between now and the period's end, so our rows are not old enough to trust.
    pledge = _pledge(session, account_id)
    try:
        sync_subscription(mirror, pledge.subscription, BY_PATRON)
    except AWAY as error:
        raise _away() from error
    session.refresh(pledge)
    release(session)
    return pledge


def _pledge(session: Session, account_id: int) -> Pledge:
    pledge = live_pledge(session, account_id)
    release(session)
    if pledge is None:
        raise NotFound("There is no pledge here to change.")
    return pledge


def _away() -> Unavailable:
    return Unavailable(
        "Our payment provider cannot be reached right now. Nothing was changed. Please try again in a few minutes.",
        retry_after=120,
    )
