"""Stopping a pledge and taking that back: asked of Stripe, then mirrored from what Stripe says."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership.db import release, transaction
from membership.errors import NotFound, Unavailable, WrongState
from membership.outbox.rows import enqueue, hasten
from membership.patrons.models import Pledge, PledgeChange
from membership.patrons.pledges import live_pledge
from membership.patrons.syncing import sync_subscription
from membership.payments.gateway import GoneAtStripe, KeySpoiled, StripeAway, StripeRefused
from membership.payments.mirror import Cause, Mirror

FAILING = frozenset(("past_due", "unpaid"))
BY_PATRON = Cause("patron")
# Why somebody stops, if they tell: words of ours, because what stands in facts can never be erased.
REASONS = ("money", "content", "little_time", "elsewhere", "other")
# In which a stop is through at Stripe, or was not.
TIME_TO_STOP = timedelta(minutes=1)
AWAY = (StripeAway, StripeRefused, KeySpoiled)


def stop(session: Session, mirror: Mirror, account_id: int, *, reason: str | None = None) -> None:
    """Ends the live pledge of an account with the paid period; at once, with what is open void, if a charge failed.

    A proof goes out by mail. `reason` is one of `REASONS`, kept without a word of the person's own. Stopping twice is
    stopping. Raises `NotFound` without a pledge, `Unavailable` if Stripe is away.
    """
    pledge = fresh_pledge(session, mirror, account_id)
    if pledge.cancel_at is not None or not pledge.live:
        return
    now = mirror.clock.now()
    proof = f"{pledge.reference}:{now:%Y%m%dT%H%M%S}"
    with transaction(session):
        # Before Stripe hears of it, so that no stop is without its proof; it is not written where nothing ended.
        payload = {"pledge": pledge.reference, "stopped_at": now.isoformat()}
        enqueue(session, "stopped", proof, payload, now=now, due_at=now + TIME_TO_STOP)
        if reason in REASONS:
            _note_reason(session, pledge, reason, now=now)
    try:
        _end(mirror, pledge)
        sync_subscription(mirror, pledge.subscription, BY_PATRON)
    except AWAY as error:
        raise away() from error
    with transaction(session):
        hasten(session, "stopped", proof, now=mirror.clock.now())


def _note_reason(session: Session, pledge: Pledge, reason: str, *, now: datetime) -> None:
    session.add(PledgeChange(pledge_id=pledge.id, at=now, what="stop_reason", was=None, now=reason, cause="patron"))


def _end(mirror: Mirror, pledge: Pledge) -> None:
    # Stripe takes no stop while a schedule governs the subscription.
    if pledge.schedule is not None:
        mirror.gateway.release_schedule(pledge.schedule)
    with suppress(GoneAtStripe):
        if pledge.stripe_status in FAILING:
            mirror.gateway.cancel(pledge.subscription)
        else:
            mirror.gateway.set_cancellation(pledge.subscription, at_period_end=True)
    void_open(mirror, pledge)


def void_open(mirror: Mirror, pledge: Pledge) -> None:
    """Sees to it that nothing that is still open is charged; what a bank is already asked for stays."""
    for invoice in mirror.gateway.open_invoices(pledge.subscription):
        with suppress(StripeRefused):
            mirror.gateway.void_invoice(invoice.id)


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
            raise away() from error


def fresh_pledge(session: Session, mirror: Mirror, account_id: int) -> Pledge:
    """Returns the live pledge of an account as Stripe has it now; raises `NotFound` or `Unavailable`.

    How it stands decides what a change does, and our rows may be older than that.
    """
    pledge = _pledge(session, account_id)
    try:
        sync_subscription(mirror, pledge.subscription, BY_PATRON)
    except AWAY as error:
        raise away() from error
    session.refresh(pledge)
    release(session)
    return pledge


def _pledge(session: Session, account_id: int) -> Pledge:
    pledge = live_pledge(session, account_id)
    release(session)
    if pledge is None:
        raise NotFound("There is no pledge here to change.")
    return pledge


def away() -> Unavailable:
    """Returns the refusal that says that Stripe is away and nothing was changed."""
    return Unavailable(
        "Our payment provider cannot be reached right now. Nothing was changed. Please try again in a few minutes.",
        retry_after=120,
    )
