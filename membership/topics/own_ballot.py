"""What an account page says of an open ballot: whether there is one for this person, and whether it is cast."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.topics.models import RollEntry, Round


@dataclass(frozen=True)
class OwnBallot:
    """An open round in which one may vote."""

    title: str
    href: str
    closes_at: datetime
    voted: bool


def ballot_of(session: Session, account_id: int, *, now: datetime) -> OwnBallot | None:
    """Returns the round that closes next among those whose roll holds the account; `None` if there is none."""
    row = session.execute(
        select(Round.title, Round.slug, Round.closes_at, RollEntry.voted_at)
        .join(RollEntry, RollEntry.round_id == Round.id)
        .where(
            RollEntry.account_id == account_id,
            RollEntry.barred_at.is_(None),
            Round.opens_at <= now,
            Round.closes_at > now,
            Round.closed_at.is_(None),
        )
        .order_by(Round.closes_at)
        .limit(1)
    ).first()
    if row is None:
        return None
    return OwnBallot(row.title, f"/rounds/{row.slug}/ballot", row.closes_at, row.voted_at is not None)
