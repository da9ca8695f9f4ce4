"""What an account may do now: a pure function of its pledge and the time, with its reason.

Standing rests on a succeeded payment above 0 *and* a status (docs/design.md, Standing).
"""

from dataclasses import dataclass
from datetime import datetime

GIVES_STANDING = frozenset(("active", "trialing"))


@dataclass(frozen=True)
class PledgeFacts:
    """What standing asks of a pledge. `status` is Stripe's, open text; `has_paid`: a payment above 0 succeeded.

    `money_back`: the payment that came last was given back, or a bank asks for any of them (disputed).
    """

    status: str
    has_paid: bool
    period_end_at: datetime
    grace_until: datetime | None
    cancel_at: datetime | None
    ended_at: datetime | None
    money_back: bool = False


@dataclass(frozen=True)
class Standing:
    """`kind` is live, grace, ending, pending, money_back, lapsed or none.

    `until` is when it changes by the clock, if it does.
    """

    kind: str
    is_patron: bool
    until: datetime | None = None

    @property
    def may_vote(self) -> bool:
        return self.is_patron


NONE = Standing("none", is_patron=False)


def standing(pledge: PledgeFacts | None, *, now: datetime) -> Standing:
    """Says where somebody with this live pledge (or with none) stands at `now`."""
    if pledge is None:
        return NONE
    if not pledge.has_paid:
        return Standing("pending", is_patron=False)
    if pledge.ended_at is not None and pledge.ended_at <= now:
        return Standing("lapsed", is_patron=False)
    if pledge.money_back:
        return Standing("money_back", is_patron=False)
    if pledge.status in GIVES_STANDING:
        return _while_active(pledge, now=now)
    # Stripe asks the bank again for a while; a failing card is rarely a decision to leave.
    if pledge.status == "past_due" and pledge.grace_until is not None and now < pledge.grace_until:
        return Standing("grace", is_patron=True, until=pledge.grace_until)
    return Standing("lapsed", is_patron=False)


def _while_active(pledge: PledgeFacts, *, now: datetime) -> Standing:
    if pledge.cancel_at is None:
        return Standing("live", is_patron=True)
    if pledge.cancel_at <= now:
        return Standing("lapsed", is_patron=False)
    return Standing("ending", is_patron=True, until=pledge.cancel_at)
