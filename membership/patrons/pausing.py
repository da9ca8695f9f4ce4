"""Leaving charges out: one month with the vote kept (a skip), or some without it (a pause), and going on early."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.db import release
from membership.errors import Refusal, WrongState
from membership.patrons.changing import asking, changeable, take_schedule_back
from membership.patrons.models import PAUSE, SKIP, Pledge, PledgeChange, PledgePayment
from membership.patrons.next_charge import AHEAD, charge_after, next_charge
from membership.patrons.stopping import FAILING, void_open
from membership.patrons.syncing import sync_subscription
from membership.payments.gateway import StripeRefused
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import Payment
from membership.payments.states import KEPT

BY_PATRON = Cause("patron")
HALF_A_YEAR = timedelta(days=183)
PAUSE_MONTHS = (2, 3)
# The longest that lies between a charge that is left out and the one after it.
A_MONTH = timedelta(days=31)


def skip(session: Session, mirror: Mirror, account_id: int) -> None:
    """Leaves one charge of a monthly pledge out; the vote stays. A second time is the first one.

    Raises `Refusal`, `NotFound`, `WrongState` (skipped within six months, paused) or `Unavailable`.
    """
    pledge = changeable(session, mirror, account_id)
    if pledge.pause_kind != SKIP:
        may_skip(session, pledge, now=mirror.clock.now())
        release(session)
        _leave_out(mirror, pledge, SKIP, months=1)


def may_skip(session: Session, pledge: Pledge, *, now: datetime) -> None:
    """Raises `Refusal` or `WrongState`, with the reason, if the next charge may not be skipped."""
    _is_monthly(pledge)
    _is_not_paused(pledge)
    last = _skipped_at(session, pledge)
    if last is not None and now < last + HALF_A_YEAR:
        raise WrongState("You skipped a month within the last six months. You can pause, or pay less.")


def _skipped_at(session: Session, pledge: Pledge) -> datetime | None:
    """Returns when a month was skipped last; one that was taken back before its charge was due does not count."""
    theirs = (PledgeChange.pledge_id == pledge.id, PledgeChange.what == "pause")
    skips: list[datetime] = []
    for change in session.scalars(select(PledgeChange).where(*theirs).order_by(PledgeChange.id)):
        was = change.was or ""
        if (change.now or "").startswith(f"{SKIP} "):
            skips.append(change.at)
        elif was.startswith(f"{SKIP} ") and skips:
            left_out_at = datetime.fromisoformat(was.partition(" ")[2]) - A_MONTH
            if change.at < left_out_at:
                skips.pop()
    return max(skips, default=None)


def pause(session: Session, mirror: Mirror, account_id: int, months: int) -> None:
    """Leaves two or three charges of a monthly pledge out; until then its owner is no patron.

    Raises `Refusal`, `NotFound`, `WrongState` or `Unavailable`.
    """
    if months not in PAUSE_MONTHS:
        raise Refusal("You can pause for 2 or for 3 months.", field="months")
    pledge = changeable(session, mirror, account_id)
    if pledge.pause_kind != PAUSE:
        may_pause(pledge)
        _leave_out(mirror, pledge, PAUSE, months=months)


def may_pause(pledge: Pledge) -> None:
    """Raises `Refusal` or `WrongState`, with the reason, if the pledge cannot be paused."""
    _is_monthly(pledge)
    _is_not_paused(pledge)


def charge_after_leaving_out(pledge: Pledge, months: int) -> datetime:
    """Returns when the next charge is if so many are left out; the one that failed and is open is the first of them."""
    is_open = pledge.stripe_status in FAILING
    return charge_after(pledge, pledge.period_end_at, months - 1 if is_open else months)


def go_on(session: Session, mirror: Mirror, account_id: int) -> None:
    """Ends a skip or a pause early; charged at once if the paid time is over, else when it is.

    Raises `NotFound`, `WrongState` if the bank refuses, or `Unavailable`.
    """
    pledge = changeable(session, mirror, account_id)
    if not may_go_on(pledge):
        return
    at_once = is_charged_at_once(session, pledge)
    release(session)
    with asking(mirror, pledge):
        try:
            mirror.gateway.end_pause(pledge.subscription, charge_now=at_once)
        except StripeRefused as error:
            sync_subscription(mirror, pledge.subscription, BY_PATRON)
            raise WrongState("Your bank did not accept the card. Nothing was changed. Try another card.") from error


def is_charged_at_once(session: Session, pledge: Pledge) -> bool:
    """Says whether going on begins a new period today: a pause has outlasted what was paid."""
    if pledge.pause_kind != PAUSE or pledge.moved_until is not None:
        return False
    paid = (PledgePayment.pledge_id == pledge.id, Payment.state.in_(KEPT))
    of_payments = select(func.max(PledgePayment.period_end)).join(Payment, Payment.id == PledgePayment.payment_id)
    paid_until = session.scalar(of_payments.where(*paid))
    return paid_until is None or paid_until < pledge.period_end_at


def may_go_on(pledge: Pledge) -> bool:
    """Says whether something is still to be left out that need not be."""
    comes = next_charge(pledge)
    return pledge.pause_kind is not None and (comes is None or comes.at > pledge.period_end_at)


def _leave_out(mirror: Mirror, pledge: Pledge, kind: str, *, months: int) -> None:
    until = charge_after_leaving_out(pledge, months) - AHEAD
    with asking(mirror, pledge):
        take_schedule_back(mirror, pledge)
        mirror.gateway.pause(pledge.subscription, kind, until=until)
        void_open(mirror, pledge)


def _is_monthly(pledge: Pledge) -> None:
    if pledge.cadence != "month":
        raise WrongState("A yearly pledge has no month to leave out. You can move its date, or pay less.")


def _is_not_paused(pledge: Pledge) -> None:
    if pledge.paused_since is not None:
        raise WrongState("A charge is left out already. Go on first, then choose anew.")
