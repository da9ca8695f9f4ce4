"""The rounds in which somebody may vote or could: that they voted, and what came of it; never what they chose."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.topics.models import RollEntry, Round, Topic
from membership.topics.promise_list import Promise, promise_of
from membership.topics.results import results_of
from membership.topics.round_phase import Phase, phase

LONGEST_LIST = 50


@dataclass(frozen=True)
class Winner:
    """A topic that a round chose; `promise` is what is owed of it or came of it, `None` if nothing any more."""

    title: str
    promise: Promise | None


@dataclass(frozen=True)
class OwnRound:
    """A round on whose roll somebody stands. `winners` is empty until it has closed; `is_barred`: the vote is void."""

    slug: str
    title: str
    question: str
    phase: Phase
    closes_at: datetime
    voted_at: datetime | None
    is_barred: bool
    winners: tuple[Winner, ...]

    @property
    def is_open(self) -> bool:
        return self.phase in ("joining", "voting")


def rounds_of(session: Session, account_id: int, *, zone: ZoneInfo, now: datetime) -> tuple[OwnRound, ...]:
    """Lists the rounds on whose roll an account stands, the one that closes last first."""
    rows = session.execute(
        select(RollEntry, Round)
        .join(Round, Round.id == RollEntry.round_id)
        .where(RollEntry.account_id == account_id)
        .order_by(Round.closes_at.desc(), Round.id.desc())
        .limit(LONGEST_LIST)
    )
    return tuple(
        OwnRound(
            slug=round_.slug,
            title=round_.title,
            question=round_.question,
            phase=phase(round_, now=now),
            closes_at=round_.closes_at,
            voted_at=entry.voted_at,
            is_barred=entry.barred_at is not None,
            winners=_winners(session, round_, zone=zone, now=now),
        )
        for entry, round_ in rows.all()
    )


def _winners(session: Session, round_: Round, *, zone: ZoneInfo, now: datetime) -> tuple[Winner, ...]:
    if round_.closed_at is None or round_.called_off_at is not None:
        return ()
    chosen = [topic.slug for topic in results_of(session, round_).winners]
    topics = {topic.slug: topic for topic in session.scalars(select(Topic).where(Topic.slug.in_(chosen)))}
    return tuple(Winner(topics[slug].title, promise_of(session, topics[slug], zone=zone, now=now)) for slug in chosen)
