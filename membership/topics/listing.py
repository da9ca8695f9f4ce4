"""Topics and rounds as pages list them: rows of plain columns, always limited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.newsroom.words import current_newsroom
from membership.patrons.tiers import current_tiers
from membership.topics.models import MoveText, Round, RoundTopic, Topic, TopicMove
from membership.topics.round_phase import IS_SEEN

LONGEST_LIST = 100
# Topics in these states stand in a round, or were chosen in one.
CHOSEN_FROM = ("in_round", "selected", "reporting", "published", "postponed")
# Topics in these states have no public page; of those withdrawn, some were public before (`topic_page`).
HIDDEN = ("proposed", "withheld", "withdrawn")


@dataclass(frozen=True)
class ListedTopic:
    """A topic on a page. `round` is (slug, title) of its latest round that was not called off; `reason` why declined.

    `is_public`: it has a page of its own, to which its title links.
    """

    slug: str
    title: str
    why: str
    proposed_at: datetime
    round: tuple[str, str] | None = None
    reason: str | None = None
    state: str = "shortlisted"

    @property
    def is_public(self) -> bool:
        return self.state not in HIDDEN


def topics_in(session: Session, state: str, *, newest_first: bool = False) -> tuple[ListedTopic, ...]:
    """Lists topics of one state, the earliest proposal first unless `newest_first`."""
    order = (Topic.proposed_at.desc(), Topic.id.desc()) if newest_first else (Topic.proposed_at, Topic.id)
    rows = session.execute(_topics().where(Topic.state == state).order_by(*order).limit(LONGEST_LIST)).all()
    rounds = _latest_rounds(session, [row.id for row in rows]) if state in CHOSEN_FROM else {}
    reasons = _reasons(session, [row.id for row in rows]) if state == "declined" else {}
    return tuple(
        ListedTopic(row.slug, row.title, row.why, row.proposed_at, rounds.get(row.id), reasons.get(row.id), state)
        for row in rows
    )


def proposals_of(session: Session, account_id: int) -> tuple[ListedTopic, ...]:
    """Lists what a person proposed and no editor has answered yet."""
    mine = _topics().where(Topic.proposer_id == account_id, Topic.state == "proposed")
    rows = session.execute(mine.order_by(Topic.proposed_at.desc()).limit(LONGEST_LIST))
    return tuple(ListedTopic(row.slug, row.title, row.why, row.proposed_at, state=row.state) for row in rows)


def least_pledge() -> Money | None:
    """Returns the least amount a month that reaches a tier, in the first currency; `None` without tiers."""
    currency = current_newsroom().currencies[0]
    offered = (tier.minimum("month", currency) for tier in current_tiers())
    return min((each for each in offered if each is not None), default=None)


def _topics() -> Select[int, str, str, str, datetime, str]:
    return select(Topic.id, Topic.slug, Topic.title, Topic.why, Topic.proposed_at, Topic.state)


def _latest_rounds(session: Session, topic_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        select(RoundTopic.topic_id, Round.slug, Round.title)
        .join(Round, Round.id == RoundTopic.round_id)
        .where(
            RoundTopic.topic_id.in_(topic_ids),
            IS_SEEN,
            Round.called_off_at.is_(None),
        )
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
