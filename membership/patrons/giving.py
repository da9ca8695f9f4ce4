"""What a person's account page tells of the pledge, in words."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.patrons.models import Pledge
from membership.patrons.next_charge import NextCharge, becoming, next_charge
from membership.patrons.standing import GIVES_STANDING, Standing
from membership.patrons.standing_words import reason_in_words, vote_in_words
from membership.patrons.tiers import TierView, tier_reached
from membership.patrons.trouble import Trouble, trouble_of
from membership.patrons.who import standing_of

# How a standing is shown; each other is a pledge that lapsed.
STATES = {
    "live": "active",
    **{kind: kind for kind in ("ending", "grace", "skipping", "paused", "moved", "money_back", "disputed")},
}


@dataclass(frozen=True)
class PledgeView:
    """A pledge as its owner sees it.

    `state`: active, waiting, grace, skipping, paused, moved, money_back, disputed, lapsed, ending or ended. `reason`
    says in a sentence why, and `vote` whether its owner may vote, and until when. `next` is the next charge, if one is
    in sight, and `becomes` what a scheduled change makes of it.
    """

    state: str
    reason: str
    vote: str
    tier: str | None
    money: Money
    cadence: str
    since: datetime
    next_charge_at: datetime
    ends_at: datetime | None
    grace_until: datetime | None
    card_brand: str
    card_last4: str
    next: NextCharge | None
    becomes: NextCharge | None
    trouble: Trouble | None = None

    @property
    def again_href(self) -> str:
        """Where somebody who comes back finds what they gave before, filled in."""
        return f"/support?cadence={self.cadence}&currency={self.money.currency}&amount={self.money.plain()}"


def pledge_of(session: Session, account_id: int, tiers: tuple[TierView, ...], *, now: datetime) -> PledgeView | None:
    """Returns the live pledge of an account, else the one that ended last, else `None`."""
    latest = select(Pledge).where(Pledge.account_id == account_id, (Pledge.why.is_(None)) | (Pledge.why == "ended"))
    pledge = session.scalars(latest.order_by(Pledge.live.desc(), Pledge.started_at.desc()).limit(1)).first()
    if pledge is None:
        return None
    tier = tier_reached(tiers, pledge.cadence, pledge.amount)
    stands = standing_of(session, account_id, now=now)
    return PledgeView(
        state=_state(pledge, stands, now=now),
        reason=reason_in_words(stands),
        vote=vote_in_words(stands),
        tier=tier.name if tier else None,
        money=pledge.amount,
        cadence=pledge.cadence,
        since=pledge.started_at,
        next_charge_at=pledge.period_end_at,
        ends_at=pledge.ended_at or pledge.cancel_at,
        grace_until=pledge.grace_until,
        card_brand=(pledge.card_brand or "").capitalize(),
        card_last4=pledge.card_last4 or "",
        next=next_charge(pledge),
        becomes=becoming(pledge),
        trouble=trouble_of(session, pledge, now=now),
    )


def _state(pledge: Pledge, stands: Standing, *, now: datetime) -> str:
    if pledge.ended_at is not None or (pledge.cancel_at is not None and pledge.cancel_at <= now):
        return "ended"
    if stands.kind == "pending" and pledge.stripe_status in GIVES_STANDING:
        return "waiting"
    return STATES.get(stands.kind, "lapsed")
