"""Topics and rounds as pages list them: rows of plain columns, always limited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.newsroom.words import current_newsroom
from membership.patrons.tiers import current_tiers
from membership.topics.models import MoveText, Round, RoundTopic, Topic, TopicMove
from membership.topics.roll import roll_size, told_turnout

LONGEST_LIST = 100

Phase = Literal["soon", "joining", "voting", "counting", "closed"]


@dataclass(frozen=True)
class ListedTopic:
    """A topic on a page. `round` is (slug, title) of its latest round; `reason` why it was declined."""

    slug: str
    title: str
    why: str
    proposed_at: datetime
    round: tuple[str, str] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class StaffRound:
    """A round as its editors see it: how many voted (`None` under five), never for what."""

    slug: str
    title: str
    phase: Phase
    opens_at: datetime
    closes_at: datetime
    roll_size: int
    turnout: int | None


def topics_in(session: Session, state: str, *, newest_first: bool = False) -> tuple[ListedTopic, ...]:
    """Lists topics of one state, the earliest proposal first unless `newest_first`."""
    order = (Topic.proposed_at.desc(), Topic.id.desc()) if newest_first else (Topic.proposed_at, Topic.id)
    rows = session.execute(_topics().where(Topic.state == state).order_by(*order).limit(LONGEST_LIST)).all()
    rounds = _latest_rounds(session, [row.id for row in rows]) if state in ("in_round", "selected") else {}
    reasons = _reasons(session, [row.id for row in rows]) if state == "declined" else {}
    return tuple(
        ListedTopic(row.slug, row.title, row.why, row.proposed_at, rounds.get(row.id), reasons.get(row.id))
        for row in rows
    )


def topics_of(session: Session, round_: Round) -> tuple[ListedTopic, ...]:
    """Lists the topics of a round in the order in which it names them."""
    rows = session.execute(
        _topics()
        .join(RoundTopic, RoundTopic.topic_id == Topic.id)
        .where(RoundTopic.round_id == round_.id)
        .order_by(RoundTopic.position)
    )
    return tuple(ListedTopic(row.slug, row.title, row.why, row.proposed_at) for row in rows)


def proposals_of(session: Session, account_id: int) -> tuple[ListedTopic, ...]:
    """Lists what a person proposed and no editor has answered yet."""
    mine = _topics().where(Topic.proposer_id == account_id, Topic.state == "proposed")
    rows = session.execute(mine.order_by(Topic.proposed_at.desc()).limit(LONGEST_LIST))
    return tuple(ListedTopic(row.slug, row.title, row.why, row.proposed_at) for row in rows)


def staff_rounds(session: Session, *, now: datetime) -> tuple[StaffRound, ...]:
    """Lists rounds for their editors, the newest first."""
    rounds = session.scalars(select(Round).order_by(Round.opens_at.desc(), Round.id.desc()).limit(LONGEST_LIST // 2))
    return tuple(
        StaffRound(
            slug=each.slug,
            title=each.title,
            phase=phase(each, now=now),
            opens_at=each.opens_at,
            closes_at=each.closes_at,
            roll_size=roll_size(session, each.id),
            turnout=told_turnout(session, each.id),
        )
        for each in rounds
    )


def phase(round_: Round, *, now: datetime) -> Phase:
    """Says where a round stands: `joining` while new patrons may still come onto its roll."""
    if round_.closed_at is not None:
        return "closed"
    if now >= round_.closes_at:
        return "counting"
    if now < round_.opens_at:
        return "soon"
    return "joining" if now < round_.joins_until else "voting"


def next_change(round_: Round, *, now: datetime) -> datetime | None:
    """Returns when the clock alone changes the pages of a round; `None` if it does not any more."""
    moments = (round_.opens_at, round_.joins_until, round_.closes_at)
    return min((each for each in moments if each > now), default=None)


def least_pledge() -> Money | None:
    """Returns the least amount a month that reaches a tier, in the first currency; `None` without tiers."""
    currency = current_newsroom().currencies[0]
    offered = (tier.minimum("month", currency) for tier in current_tiers())
    return min((each for each in offered if each is not None), default=None)


def _topics() -> Select[int, str, str, str, datetime]:
    return select(Topic.id, Topic.slug, Topic.title, Topic.why, Topic.proposed_at)


def _latest_rounds(session: Session, topic_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        select(RoundTopic.topic_id, Round.slug, Round.title)
        .join(Round, Round.id == RoundTopic.round_id)
        .where(RoundTopic.topic_id.in_(topic_ids))
        .order_by(Round.opens_at, Round.id)
    )
    return {row.topic_id: (row.slug, row.title) for row in rows}


def _reasons(session: Session, topic_ids: Sequence[int]) -> dict[int, str | None]:
    rows = session.execute(
        select(TopicMove.topic_id, MoveText.text)
        .join(MoveText, MoveText.id == TopicMove.text_id)
        .where(TopicMove.topic_id.in_(topic_ids), TopicMove.now == "declined")
        .order_by(TopicMove.id)
    )
    return {row.topic_id: row.text for row in rows}
