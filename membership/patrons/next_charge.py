"""What a pledge is charged next, and when: a pure function of what we mirror of it."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from membership.money import Money
from membership.patrons.models import Pledge
from membership.patrons.standing import IN_GRACE

MONTHS = {"month": 1, "year": 12}
# Stripe takes money again a little before the next charge, so that this one is not left out too.
AHEAD = timedelta(hours=1)


@dataclass(frozen=True)
class NextCharge:
    """What is taken next: when, how much, and how often from then on."""

    at: datetime
    money: Money
    cadence: str


def next_charge(pledge: Pledge) -> NextCharge | None:
    """Returns the next regular charge; `None` if none is in sight: it ends, failed, or is paused without an end."""
    at = _next_at(pledge)
    if at is None:
        return None
    if pledge.next_from is not None and pledge.next_amount_minor and pledge.next_from <= at:
        money = Money(pledge.next_amount_minor, pledge.amount.currency)
        return NextCharge(at, money, pledge.next_cadence or pledge.cadence)
    return NextCharge(at, pledge.amount, pledge.cadence)


def _next_at(pledge: Pledge) -> datetime | None:
    if pledge.ended_at is not None or pledge.cancel_at is not None:
        return None
    if pledge.paused_since is None:
        return None if pledge.stripe_status in IN_GRACE else pledge.period_end_at
    if pledge.paused_until is None:
        return None
    at = pledge.period_end_at
    while at < pledge.paused_until:
        at = charge_after(pledge, at)
    return at


def becoming(pledge: Pledge) -> NextCharge | None:
    """Returns what a scheduled change makes of a pledge, and from when on; `None` if none is scheduled."""
    if pledge.next_from is None or pledge.next_amount_minor is None or pledge.next_cadence is None:
        return None
    return NextCharge(pledge.next_from, Money(pledge.next_amount_minor, pledge.amount.currency), pledge.next_cadence)


def charge_after(pledge: Pledge, at: datetime, periods: int = 1) -> datetime:
    """Returns the charge so many periods after the one at `at`.

    Counted in UTC from the anchor, as Stripe counts: 31 January, 28 February, 31 March.
    """
    anchor = (pledge.anchor_at or pledge.period_end_at).astimezone(UTC)
    start = at.astimezone(UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + MONTHS[pledge.cadence] * periods, 12)
    return start.replace(year=year, month=month + 1, day=min(anchor.day, monthrange(year, month + 1)[1]))
