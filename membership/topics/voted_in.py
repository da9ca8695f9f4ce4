"""The rounds in which somebody voted, and what came of them; for what they voted is known to nobody."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.topics.models import RollEntry, Round
from membership.topics.results import TopicResult, results_of


@dataclass(frozen=True)
class VotedIn:
    """A round in which one voted. `winners` is empty until it has closed; `is_barred`: the vote was not counted.

    `is_secret`: after the close not even the voter's own page knows the choice.
    """

    title: str
    question: str
    href: str
    voted_at: datetime
    closes_at: datetime
    is_closed: bool
    is_barred: bool
    is_secret: bool
    winners: tuple[TopicResult, ...]


def voted_at(session: Session, account_id: int) -> tuple[datetime, ...]:
    """Returns when somebody voted, once for each round."""
    moments = select(RollEntry.voted_at).where(RollEntry.account_id == account_id, RollEntry.voted_at.is_not(None))
    return tuple(each for each in session.scalars(moments) if each is not None)


def voted_between(session: Session, account_id: int, start: datetime, end: datetime) -> tuple[VotedIn, ...]:
    """Returns the rounds in which somebody voted from `start` until before `end`, in the order of their closes."""
    rows = session.execute(
        select(RollEntry, Round)
        .join(Round, Round.id == RollEntry.round_id)
        .where(RollEntry.account_id == account_id, RollEntry.voted_at >= start, RollEntry.voted_at < end)
        .order_by(Round.closes_at, Round.id)
    )
    return tuple(_voted_in(session, entry, round_) for entry, round_ in rows)


def _voted_in(session: Session, entry: RollEntry, round_: Round) -> VotedIn:
    is_closed = round_.closed_at is not None
    return VotedIn(
        title=round_.title,
        question=round_.question,
        href=f"/rounds/{round_.slug}/results" if is_closed else f"/rounds/{round_.slug}",
        voted_at=entry.voted_at or entry.added_at,
        closes_at=round_.closes_at,
        is_closed=is_closed,
        is_barred=entry.barred_at is not None,
        is_secret=round_.secret,
        winners=results_of(session, round_).winners if is_closed else (),
    )
