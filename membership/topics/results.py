"""What a closed round came to. Before the close there is nothing to read here, for nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.errors import NotFound
from membership.topics.listing import HIDDEN
from membership.topics.models import CountedBallot, MoveText, Round, RoundResult, RoundTopic, Topic
from membership.topics.promise_list import Promise, promise_of
from membership.topics.roll import WITHHELD_UNDER, roll_size, turnout, voided
from membership.topics.tally import Counted, chosen

# States from which a topic may stand in a coming round.
STAYS: Final = frozenset(("shortlisted", "in_round"))


@dataclass(frozen=True)
class TopicResult:
    """One topic's result. `votes` and `rank` are `None` where withheld; a chosen topic is always named.

    `can_win` is false for one that turned dangerous while the round was open; `danger` says how. `is_public`: it has a
    page. `stays`: it is on the shortlist again.
    """

    slug: str
    title: str
    votes: int | None
    rank: int | None
    chosen: bool
    proposed_at: datetime
    can_win: bool = True
    danger: str | None = None
    is_public: bool = True
    stays: bool = False


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
    """Reads the result of a closed round; raises `NotFound` before the close, and where the round was called off."""
    closed_at = counted_at(round_)
    withheld = is_withheld(session, round_.id)
    topics = _topics(session, round_, withheld=withheld)
    return Results(
        topics=tuple(sorted(topics, key=lambda topic: (topic.rank is None, topic.rank or 0, topic.title))),
        closed_at=closed_at,
        roll_size=roll_size(session, round_.id),
        turnout=None if withheld else turnout(session, round_.id),
        voided=voided(session, round_.id),
        withheld=withheld,
    )


def counted_at(round_: Round) -> datetime:
    """Returns when a round was counted; raises `NotFound` where that is still to come, or never will be."""
    if round_.called_off_at is not None:
        raise NotFound("This round was called off. Its ballots were deleted uncounted.")
    if round_.closed_at is None:
        raise NotFound("The results of this round stand here after its close. Nobody sees counts before.")
    return round_.closed_at


def is_withheld(session: Session, round_id: int) -> bool:
    """Says whether so few ballots were counted that counts, ranks and ballots would tell of single people."""
    return counted_ballots(session, round_id) < WITHHELD_UNDER


def promises_of(
    session: Session, winners: Iterable[TopicResult], *, zone: ZoneInfo, now: datetime
) -> dict[str, Promise]:
    """Returns what is promised of each winner (slug), or what came of it; of one that is withheld, nothing."""
    topics = session.scalars(select(Topic).where(Topic.slug.in_([each.slug for each in winners])))
    promises = (promise_of(session, topic, zone=zone, now=now) for topic in topics)
    return {each.slug: each for each in promises if each is not None}


def counted_ballots(session: Session, round_id: int) -> int:
    """Counts the ballots that were counted."""
    counted = select(func.count()).select_from(CountedBallot).where(CountedBallot.round_id == round_id)
    return session.scalar(counted) or 0


def _topics(session: Session, round_: Round, *, withheld: bool) -> list[TopicResult]:
    rows = session.execute(
        select(Topic, RoundResult.votes, RoundResult.rank, RoundTopic.endangered_at, MoveText.text.label("danger"))
        .join(RoundResult, RoundResult.topic_id == Topic.id)
        .join(RoundTopic, (RoundTopic.topic_id == Topic.id) & (RoundTopic.round_id == RoundResult.round_id))
        .outerjoin(MoveText, MoveText.id == RoundTopic.endangered_text_id)
        .where(RoundResult.round_id == round_.id)
        .order_by(RoundResult.rank)
    ).all()
    counted = [Counted(row.Topic.slug, row.votes, row.rank, row.endangered_at is None) for row in rows]
    won = chosen(counted, round_.winners)
    return [
        _result(row.Topic, each, row.danger, chosen=each.slug in won, withheld=withheld)
        for row, each in zip(rows, counted, strict=True)
    ]


def _result(topic: Topic, counted: Counted, danger: str | None, *, chosen: bool, withheld: bool) -> TopicResult:
    return TopicResult(
        slug=topic.slug,
        title=topic.title,
        votes=None if withheld else counted.votes,
        rank=None if withheld else counted.rank,
        chosen=chosen,
        proposed_at=topic.proposed_at,
        can_win=counted.can_win,
        danger=danger,
        is_public=topic.state not in HIDDEN,
        stays=topic.state in STAYS,
    )
