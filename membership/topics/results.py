"""What a closed round came to. Before the close there is nothing to read here, for nobody."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.errors import NotFound
from membership.topics.models import CountedBallot, Round, RoundResult, Topic
from membership.topics.roll import WITHHELD_UNDER, roll_size, turnout, voided
from membership.topics.tally import Counted, chosen


@dataclass(frozen=True)
class TopicResult:
    """One topic's result. `votes` and `rank` are `None` where withheld; a chosen topic is always named."""

    slug: str
    title: str
    votes: int | None
    rank: int | None
    chosen: bool


@dataclass(frozen=True)
class Results:
    """The published result: topics by rank, or by title where ranks are withheld.

    `roll_size` is who could vote, `turnout` whose vote was counted (`None` where withheld), `voided` whose vote was
    barred.
    """

    topics: tuple[TopicResult, ...]
    closed_at: datetime
    roll_size: int
    turnout: int | None
    voided: int
    withheld: bool

    @property
    def winners(self) -> tuple[TopicResult, ...]:
        return tuple(topic for topic in self.topics if topic.chosen)

    @property
    def share(self) -> float | None:
        """The turnout of the roll, 0–1; `None` where withheld."""
        return None if self.turnout is None else self.turnout / self.roll_size


def results_of(session: Session, round_: Round) -> Results:
    """Reads the result of a closed round; raises `NotFound` before the close."""
    if round_.closed_at is None:
        raise NotFound("The results of this round stand here after its close. Nobody sees counts before.")
    withheld = counted_ballots(session, round_.id) < WITHHELD_UNDER
    topics = _topics(session, round_, withheld=withheld)
    return Results(
        topics=tuple(sorted(topics, key=lambda topic: (topic.rank is None, topic.rank or 0, topic.title))),
        closed_at=round_.closed_at,
        roll_size=roll_size(session, round_.id),
        turnout=None if withheld else turnout(session, round_.id),
        voided=voided(session, round_.id),
        withheld=withheld,
    )


def counted_ballots(session: Session, round_id: int) -> int:
    """Counts the ballots that were counted."""
    counted = select(func.count()).select_from(CountedBallot).where(CountedBallot.round_id == round_id)
    return session.scalar(counted) or 0


def _topics(session: Session, round_: Round, *, withheld: bool) -> list[TopicResult]:
    rows = session.execute(
        select(Topic.slug, Topic.title, RoundResult.votes, RoundResult.rank)
        .join(RoundResult, RoundResult.topic_id == Topic.id)
        .where(RoundResult.round_id == round_.id)
        .order_by(RoundResult.rank)
    ).all()
    won = chosen([Counted(row.slug, row.votes, row.rank) for row in rows], round_.winners)
    return [
        TopicResult(
            slug=row.slug,
            title=row.title,
            votes=None if withheld else row.votes,
            rank=None if withheld else row.rank,
            chosen=row.slug in won,
        )
        for row in rows
    ]
