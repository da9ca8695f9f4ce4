"""What an account may do now: a pure function of its pledge, of what it was granted, and of the time.

Standing rests on a succeeded payment above 0 *and* a status (docs/design.md, Standing). The sentences to the reasons
are in `standing_words`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Stripe's words for a subscription are open: what stands in none of these sets gives no standing.
GIVES_STANDING = frozenset(("active", "trialing"))
IN_GRACE = frozenset(("past_due", "unpaid"))
OVER = frozenset(("canceled", "incomplete_expired"))
# The first payment may still come.
BEGINNING = GIVES_STANDING | {"incomplete"}

SKIP = "skip"
# What may be granted besides a pledge, the strongest first.
GRANTS = ("complimentary", "gifted", "donor")


@dataclass(frozen=True)
class PledgeFacts:
    """What standing asks of a pledge. `status` is Stripe's, open text; `why`: why it does not count, if so.

    `last_payment` is the state of the payment above 0 that came last, `None` if none has come; `is_disputed`: a bank
    asks for any of them. `is_paused`: Stripe takes nothing for a while (its status does not say so), until
    `paused_until` if that is known; `pause_kind` says which of the two it is: skip or pause. `moved_until`: until when
    the next charge was put off.
    """

    status: str
    last_payment: str | None
    period_end_at: datetime
    grace_until: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    is_disputed: bool = False
    is_paused: bool = False
    pause_kind: str | None = None
    paused_until: datetime | None = None
    moved_until: datetime | None = None
    why: str | None = None


@dataclass(frozen=True)
class Grant:
    """Standing without a pledge: complimentary, gifted, or as a donor where a round admits donors; see `through`."""

    kind: str
    until: datetime


@dataclass(frozen=True)
class Standing:
    """How somebody stands, and why.

    `kind` is live, pending, grace, skipping, paused, moved, ending, lapsed, money_back, disputed, duplicate,
    complimentary, gifted, donor or none. `until` is when it changes by the clock, if it does; `since`: from when on
    it has lapsed, if that is known. `votes_until` is the end of the right to vote: `None` if none is in sight, or if
    there is no such right.
    """

    kind: str
    reason: str
    is_patron: bool = False
    until: datetime | None = None
    since: datetime | None = None
    votes_until: datetime | None = None

    @property
    def may_vote(self) -> bool:
        return self.is_patron or self.kind == "donor"


NONE = Standing("none", "no_pledge")


def standing(pledge: PledgeFacts | None, grants: Sequence[Grant] = (), *, now: datetime) -> Standing:
    """Says where somebody with this pledge (or with none) and these grants stands at `now`."""
    by_pledge = _by_pledge(pledge, now=now) if pledge else NONE
    by_grants = [_by_grant(each) for each in sorted(grants, key=_rank) if now < each.until]
    stands = next((each for each in (by_pledge, *by_grants) if each.may_vote), by_pledge)
    return replace(stands, votes_until=_end_of_votes((by_pledge, *by_grants)))


def through(day: date, zone: ZoneInfo) -> datetime:
    """Returns the moment at which a day is over in the newsroom's zone: what holds *until* a day holds all of it."""
    # In UTC: a midnight that summer time leaves out is a moment there, and equals nothing here (PEP 495).
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)


def _by_pledge(pledge: PledgeFacts, *, now: datetime) -> Standing:
    if pledge.why == "duplicate":
        return Standing("duplicate", "duplicate")
    if pledge.why == "dropped":
        return Standing("lapsed", "dropped", since=pledge.ended_at)
    if pledge.last_payment is None:
        return _before_any_payment(pledge, now=now)
    if (over := _over(pledge, now=now)) is not None:
        return over
    if pledge.is_disputed:
        return Standing("disputed", "disputed")
    if pledge.last_payment in _GONE:
        return _GONE[pledge.last_payment]
    return _while_paused(pledge, now=now) or _by_status(pledge, now=now)


# The one that came last is not with us. An older one that went back does not matter while newer ones stay.
_GONE = {
    "disputed": Standing("disputed", "disputed"),
    "lost": Standing("disputed", "lost"),
    "refunded": Standing("money_back", "refunded"),
}


def _before_any_payment(pledge: PledgeFacts, *, now: datetime) -> Standing:
    is_over = any(at is not None and at <= now for at in (pledge.ended_at, pledge.cancel_at))
    if pledge.status in BEGINNING and not is_over:
        return Standing("pending", "first_payment")
    return Standing("none", "never_paid")


def _over(pledge: PledgeFacts, *, now: datetime) -> Standing | None:
    for at in (pledge.ended_at, pledge.cancel_at):
        if at is not None and at <= now:
            return Standing("lapsed", "ended", since=at)
    return Standing("lapsed", "ended") if pledge.status in OVER else None


def _while_paused(pledge: PledgeFacts, *, now: datetime) -> Standing | None:
    """Looks before the status, which a pause at Stripe does not change; `None` if nothing is paused."""
    until = pledge.paused_until
    if not pledge.is_paused or (until is not None and until <= now):
        return None
    # Whoever skips goes on giving after one charge; without an end it is none that we offered, and a pause.
    if pledge.pause_kind != SKIP or until is None:
        ends = (at for at in (until, pledge.cancel_at) if at is not None)
        return Standing("paused", "paused", until=min(ends, default=None))
    if pledge.cancel_at is not None or pledge.status not in GIVES_STANDING | {"past_due"}:
        return None
    # While a charge that failed is still open, nothing promises that it goes on.
    votes_until = None if pledge.status in GIVES_STANDING else until
    return Standing("skipping", "skipping", is_patron=True, until=until, votes_until=votes_until)


def _by_status(pledge: PledgeFacts, *, now: datetime) -> Standing:
    if pledge.status in GIVES_STANDING:
        return _while_active(pledge, now=now)
    if pledge.status in IN_GRACE:
        return _while_failing(pledge, now=now)
    # Stripe's own: a trial that ended without a way to pay.
    if pledge.status == "paused":
        return Standing("paused", "paused")
    return Standing("lapsed", "unknown")


def _while_active(pledge: PledgeFacts, *, now: datetime) -> Standing:
    if pledge.cancel_at is not None:
        return Standing("ending", "ending", is_patron=True, until=pledge.cancel_at, votes_until=pledge.cancel_at)
    # Moving the date is a trial at Stripe, whose end is the period's.
    moved_until = pledge.moved_until or pledge.period_end_at
    if pledge.status == "trialing" and now < moved_until:
        return Standing("moved", "moved", is_patron=True, until=moved_until)
    return Standing("live", "live", is_patron=True)


def _while_failing(pledge: PledgeFacts, *, now: datetime) -> Standing:
    # Stripe asks the bank again for a while; a failing card is rarely a decision to leave.
    if pledge.grace_until is None or pledge.grace_until <= now:
        return Standing("lapsed", "failed", since=pledge.grace_until)
    end = min(pledge.grace_until, pledge.cancel_at or pledge.grace_until)
    return Standing("grace", "failing", is_patron=True, until=end, votes_until=end)


def _by_grant(grant: Grant) -> Standing:
    return Standing(grant.kind, grant.kind, is_patron=grant.kind != "donor", until=grant.until, votes_until=grant.until)


def _rank(grant: Grant) -> tuple[int, float]:
    return GRANTS.index(grant.kind), -grant.until.timestamp()


def _end_of_votes(found: Sequence[Standing]) -> datetime | None:
    voting = [each for each in found if each.may_vote]
    ends = [each.votes_until for each in voting if each.votes_until is not None]
    return max(ends) if ends and len(ends) == len(voting) else None
