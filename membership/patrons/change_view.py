"""What the page of changes shows: what is charged next, what may be changed, and what each change would come to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership.errors import NotFound, Refusal
from membership.money import Money
from membership.patrons.models import Pledge
from membership.patrons.next_charge import NextCharge, becoming, next_charge
from membership.patrons.pausing import (
    PAUSE_MONTHS,
    charge_after_leaving_out,
    is_charged_at_once,
    may_go_on,
    may_pause,
    may_skip,
)
from membership.patrons.pledges import live_pledge
from membership.patrons.stopping import FAILING
from membership.web.errors import said


@dataclass(frozen=True)
class Offer:
    """A change that may be made, or (`refused`, a sentence) may not now.

    `until` is when the next charge would be then, and `choice` what the button says to us.
    """

    refused: str | None
    until: datetime
    choice: str = ""


@dataclass(frozen=True)
class ChangesView:
    """A pledge that goes on, and the changes to choose from.

    `next`: the next charge, `None` if none is in sight. `becomes`: what a scheduled change makes of it. `may_go_on`: a
    skip or a pause can be ended early, and `at_once`: that charges today. `is_failing`: the last charge is open.
    """

    money: Money
    cadence: str
    card_brand: str
    card_last4: str
    period_end_at: datetime
    next: NextCharge | None
    becomes: NextCharge | None
    is_stopped: bool
    is_failing: bool
    may_change_cadence: bool
    may_move: bool
    may_go_on: bool
    at_once: bool
    skip: Offer
    pauses: tuple[Offer, ...]


def changes_of(session: Session, account_id: int, *, now: datetime) -> ChangesView:
    """Returns what the owner of an account's live pledge may change. Raises `NotFound` without one."""
    pledge = owned_pledge(session, account_id)
    return ChangesView(
        money=pledge.amount,
        cadence=pledge.cadence,
        card_brand=(pledge.card_brand or "").capitalize(),
        card_last4=pledge.card_last4 or "",
        period_end_at=pledge.period_end_at,
        next=next_charge(pledge),
        becomes=becoming(pledge),
        is_stopped=pledge.cancel_at is not None,
        is_failing=pledge.stripe_status in FAILING and pledge.pause_kind is None,
        may_change_cadence=pledge.pause_kind is None and pledge.moved_until is None,
        may_move=pledge.paused_since is None and pledge.stripe_status not in FAILING,
        may_go_on=may_go_on(pledge),
        at_once=is_charged_at_once(session, pledge),
        skip=_offer(pledge, 1, lambda: may_skip(session, pledge, now=now)),
        pauses=tuple(_offer(pledge, months, lambda: may_pause(pledge)) for months in PAUSE_MONTHS),
    )


def owned_pledge(session: Session, account_id: int) -> Pledge:
    """Returns the live pledge of an account. Raises `NotFound` without one."""
    pledge = live_pledge(session, account_id)
    if pledge is None:
        raise NotFound("There is no pledge here to change.")
    return pledge


def _offer(pledge: Pledge, months: int, ask: Callable[[], object]) -> Offer:
    until = charge_after_leaving_out(pledge, months)
    try:
        ask()
    except Refusal as refusal:
        return Offer(said(refusal), until, str(months))
    return Offer(None, until, str(months))
