"""Moving the day of the next charge, and with it of those after: at most 28 days in all within six months."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import release
from membership.errors import Refusal, WrongState
from membership.patrons.changing import asking, changeable, steady, take_schedule_back
from membership.patrons.models import Pledge, PledgeChange
from membership.patrons.pausing import HALF_A_YEAR
from membership.payments.mirror import Mirror
from membership.web.current import zone
from membership.web.filters import day

MOST_DAYS = 28


@dataclass(frozen=True)
class Window:
    """The days, first and last, to which the next charge may be moved; `is_open`: there is another one among them."""

    charge_on: date
    first: date
    last: date

    @property
    def is_open(self) -> bool:
        return self.first < self.last


def move_charge(session: Session, mirror: Mirror, account_id: int, to: date) -> None:
    """Moves the next charge of an account's pledge to a day in the newsroom's zone; nothing is charged now.

    Raises `Refusal`, `NotFound`, `WrongState` or `Unavailable`.
    """
    pledge = may_move(changeable(session, mirror, account_id))
    at = moved_to(session, pledge, to, now=mirror.clock.now())
    release(session)
    with asking(mirror, pledge):
        take_schedule_back(mirror, pledge)
        mirror.gateway.move_charge(pledge.subscription, at)


def may_move(pledge: Pledge) -> Pledge:
    """Returns the pledge if its next charge is a regular one; else raises `WrongState`."""
    if pledge.paused_since is not None:
        raise WrongState("A charge is left out already. Go on first, then choose anew.")
    return steady(pledge)


def moved_to(session: Session, pledge: Pledge, to: date, *, now: datetime) -> datetime:
    """Returns the moment of the charge on that day. Raises `Refusal` if it may not be moved there."""
    window = window_of(session, pledge, now=now)
    if not window.first <= to <= window.last or to == window.charge_on:
        raise Refusal(
            "Choose another day from %(first)s to %(last)s.", field="on", first=day(window.first), last=day(window.last)
        )
    return datetime.combine(to, pledge.period_end_at.astimezone(zone()).timetz())


def window_of(session: Session, pledge: Pledge, *, now: datetime) -> Window:
    """Returns to which days the next charge may go: later, or back to where it was before it was moved."""
    charge_on = pledge.period_end_at.astimezone(zone()).date()
    moved = _days_moved(session, pledge, since=now - HALF_A_YEAR)
    back = moved if pledge.moved_until is not None else 0
    tomorrow = now.astimezone(zone()).date() + timedelta(days=1)
    first = max(charge_on - timedelta(days=max(back, 0)), tomorrow)
    return Window(charge_on, first, charge_on + timedelta(days=max(MOST_DAYS - moved, 0)))


def _days_moved(session: Session, pledge: Pledge, *, since: datetime) -> int:
    moves = select(PledgeChange.was, PledgeChange.now).where(
        PledgeChange.pledge_id == pledge.id, PledgeChange.what == "moved", PledgeChange.at > since
    )
    gone = sum(
        (datetime.fromisoformat(to) - datetime.fromisoformat(was) for was, to in session.execute(moves) if was and to),
        timedelta(),
    )
    return round(gone / timedelta(days=1))
