"""Rounds as the calendar and the editors' pages list them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.topics.models import RollEntry, Round, RoundTopic
from membership.topics.roll import WITHHELD_UNDER
from membership.topics.round_phase import IS_SEEN, Phase, phase

LONGEST_LIST = 100


@dataclass(frozen=True)
class ListedRound:
    """A round in a list. `opens_at` and the other times are those promised; `topics` is how many stand in it."""

    slug: str
    title: str
    question: str
    phase: Phase
    opens_at: datetime
    joins_until: datetime
    closes_at: datetime
    topics: int

    @property
    def is_open(self) -> bool:
        return self.phase in ("joining", "voting")


@dataclass(frozen=True)
class StaffRound:
    """A round as its editors see it: how many voted (`None` under five), never for what."""

    listed: ListedRound
    roll_size: int
    turnout: int | None


def calendar(session: Session, *, now: datetime) -> tuple[ListedRound, ...]:
    """Lists the rounds that were announced, the latest close first."""
    public = select(Round).where(IS_SEEN)
    latest = public.order_by(Round.closes_at.desc(), Round.id.desc()).limit(LONGEST_LIST)
    return _listed(session, list(session.scalars(latest)), now=now)


def staff_rounds(session: Session, *, now: datetime) -> tuple[StaffRound, ...]:
    """Lists all rounds for their editors, the newest first."""
    newest = select(Round).order_by(Round.opens_at.desc(), Round.id.desc()).limit(LONGEST_LIST)
    rounds = list(session.scalars(newest))
    sizes = _counted(session, rounds)
    listed = _listed(session, rounds, now=now)
    return tuple(
        StaffRound(listed_round, *sizes.get(each.id, (0, None)))
        for each, listed_round in zip(rounds, listed, strict=True)
    )


def _listed(session: Session, rounds: list[Round], *, now: datetime) -> tuple[ListedRound, ...]:
    of_rounds = RoundTopic.round_id.in_([each.id for each in rounds])
    counts = select(RoundTopic.round_id, func.count()).where(of_rounds).group_by(RoundTopic.round_id)
    topics = {round_id: count for round_id, count in session.execute(counts)}  # noqa: C416 - rows are no pairs to mypy
    return tuple(
        ListedRound(
            slug=each.slug,
            title=each.title,
            question=each.question,
            phase=phase(each, now=now),
            opens_at=each.opens_at,
            joins_until=each.joins_until,
            closes_at=each.closes_at,
            topics=topics.get(each.id, 0),
        )
        for each in rounds
    )


def _counted(session: Session, rounds: list[Round]) -> dict[int, tuple[int, int | None]]:
    has_voted = RollEntry.voted_at.is_not(None) & RollEntry.barred_at.is_(None)
    rows = session.execute(
        select(RollEntry.round_id, func.count(), func.count().filter(has_voted))
        .where(RollEntry.round_id.in_([each.id for each in rounds]))
        .group_by(RollEntry.round_id)
    )
    return {round_id: (size, voted if voted >= WITHHELD_UNDER else None) for round_id, size, voted in rows}
