"""Changing what a pledge takes: asked of Stripe, then mirrored from what Stripe says.

Whatever else is changed, a change that was scheduled before is taken back first: Stripe takes one at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from membership.errors import NotFound, Refusal, WrongState
from membership.money import Money
from membership.patrons.models import PLEDGE_CADENCES, Pledge
from membership.patrons.stopping import AWAY, BY_PATRON, FAILING, away, fresh_pledge
from membership.patrons.syncing import sync_subscription
from membership.payments.gateway import GoneAtStripe
from membership.payments.mirror import Mirror
from membership.payments.records import Terms


def change_amount(session: Session, mirror: Mirror, account_id: int, amount: Money) -> None:
    """Sets what the next charges of an account's pledge take; nothing is charged now.

    Floors and ceilings are the caller's. Raises `Refusal` for another currency, `NotFound`, `WrongState`,
    `Unavailable`.
    """
    pledge = steady(changeable(session, mirror, account_id))
    require_currency(pledge, amount.currency)
    with asking(mirror, pledge):
        take_schedule_back(mirror, pledge)
        mirror.gateway.change_amount(pledge.subscription, amount)


def preview_amount(mirror: Mirror, pledge: Pledge, amount: Money) -> Terms | None:
    """Asks Stripe what the next charge would be; `None` if it does not tell.

    Raises `Refusal` for another currency, `WrongState` or `Unavailable`.
    """
    require_currency(steady(pledge), amount.currency)
    if pledge.schedule is not None:
        # It would be the scheduled charge, which this change takes back.
        return None
    try:
        return mirror.gateway.preview(pledge.subscription, amount)
    except (*AWAY, GoneAtStripe) as error:
        raise away() from error


def change_cadence(session: Session, mirror: Mirror, account_id: int, amount: Money, cadence: str) -> None:
    """Schedules another cadence (month or year), with its amount, for the end of the paid period.

    Raises `Refusal`, `NotFound`, `WrongState` or `Unavailable`.
    """
    pledge = may_change_cadence(changeable(session, mirror, account_id), cadence)
    require_currency(pledge, amount.currency)
    with asking(mirror, pledge):
        take_schedule_back(mirror, pledge)
        mirror.gateway.change_at_period_end(pledge.subscription, amount, cadence)


def may_change_cadence(pledge: Pledge, cadence: str) -> Pledge:
    """Returns the pledge if it may go over to this cadence now; raises `Refusal` or `WrongState`."""
    if cadence not in PLEDGE_CADENCES or cadence == pledge.cadence:
        raise Refusal("Choose monthly or yearly, other than it is now.", field="cadence")
    if pledge.pause_kind is not None or pledge.moved_until is not None:
        raise WrongState("You have put the next charge off. After it, you can change how often you give.")
    return steady(pledge)


def undo_scheduled(session: Session, mirror: Mirror, account_id: int) -> None:
    """Takes a scheduled change back; without one nothing happens. Raises `NotFound` or `Unavailable`."""
    pledge = fresh_pledge(session, mirror, account_id)
    with asking(mirror, pledge):
        take_schedule_back(mirror, pledge)


def take_schedule_back(mirror: Mirror, pledge: Pledge) -> None:
    """Releases the pledge from the schedule that governs it, if one does."""
    if pledge.schedule is not None:
        mirror.gateway.release_schedule(pledge.schedule)


def changeable(session: Session, mirror: Mirror, account_id: int) -> Pledge:
    """Returns the live pledge of an account as Stripe has it now, if it goes on.

    Raises `NotFound` without one, `WrongState` if it was stopped, `Unavailable`.
    """
    pledge = fresh_pledge(session, mirror, account_id)
    if not pledge.live or pledge.ended_at is not None:
        raise NotFound("There is no pledge here to change.")
    if pledge.cancel_at is not None:
        raise WrongState("You have stopped this pledge. Take that back first, then change it.")
    return pledge


def steady(pledge: Pledge) -> Pledge:
    """Returns the pledge if its last charge went through; else raises `WrongState`."""
    if pledge.stripe_status in FAILING and pledge.pause_kind is None:
        raise WrongState("The last charge did not go through. Put in another card, or stop; then nothing is open.")
    return pledge


def require_currency(pledge: Pledge, currency: str) -> None:
    """Raises `Refusal` for another currency than the pledge's: Stripe keeps a customer to one."""
    if currency != pledge.amount.currency:
        raise Refusal(
            "This pledge is in %(currency)s and stays so. For another currency, stop it and begin a new one.",
            field="amount",
            currency=pledge.amount.currency,
        )


@contextmanager
def asking(mirror: Mirror, pledge: Pledge) -> Iterator[None]:
    """Asks something of Stripe, then looks how the pledge stands. Raises `Unavailable` if Stripe is away or says no."""
    try:
        yield
        sync_subscription(mirror, pledge.subscription, BY_PATRON)
    except (*AWAY, GoneAtStripe) as error:
        raise away() from error
