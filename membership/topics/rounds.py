"""Rounds as they are read: found by their addresses, and with the topics that stand in them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.errors import NotFound
from membership.topics.models import MoveText, Round, RoundTopic, Topic
from membership.topics.round_phase import is_draft
from membership.topics.round_terms import Terms
from membership.web.slugs import is_slug


@dataclass(frozen=True)
class InRound:
    """A topic as it stands in a round; `danger` says why it cannot win any more, if so."""

    slug: str
    title: str
    why: str
    who: str
    takes: str
    will_not_be: str
    state: str
    proposed_at: datetime
    endangered_at: datetime | None
    danger: str | None


def by_slug(session: Session, slug: str) -> Round:
    """Returns the round at an address; raises `NotFound`, also for a draft, which nobody outside may see."""
    found = _found(session, slug)
    if found is None or is_draft(found):
        raise NotFound("There is no such round.")
    return found


def for_staff(session: Session, slug: str) -> Round:
    """Returns the round at an address, a draft as well; raises `NotFound`."""
    found = _found(session, slug)
    if found is None:
        raise NotFound("There is no such round.")
    return found


def topics_in_round(session: Session, round_: Round) -> tuple[InRound, ...]:
    """Lists the topics of a round in the order in which it names them, with what it said of each."""
    rows = session.execute(
        select(
            Topic.slug,
            Topic.title,
            Topic.why,
            RoundTopic.who,
            RoundTopic.takes,
            RoundTopic.will_not_be,
            Topic.state,
            Topic.proposed_at,
            RoundTopic.endangered_at,
            MoveText.text.label("danger"),
        )
        .join(RoundTopic, RoundTopic.topic_id == Topic.id)
        .outerjoin(MoveText, MoveText.id == RoundTopic.endangered_text_id)
        .where(RoundTopic.round_id == round_.id)
        .order_by(RoundTopic.position)
    )
    return tuple(InRound(**row._mapping) for row in rows)


def reason_called_off(session: Session, round_: Round) -> str | None:
    """Returns why a round was called off; `None` if it was not."""
    if round_.called_off_text_id is None:
        return None
    return session.scalar(select(MoveText.text).where(MoveText.id == round_.called_off_text_id))


def terms_of(round_: Round) -> Terms:
    """Returns what a round promises."""
    return Terms(
        title=round_.title,
        question=round_.question,
        opens_at=round_.opens_at,
        closes_at=round_.closes_at,
        choices=round_.choices,
        winners=round_.winners,
        joins_until=round_.joins_until,
        secret=round_.secret,
        donor_months=round_.donor_months,
    )


def _found(session: Session, slug: str) -> Round | None:
    return session.scalar(select(Round).where(Round.slug == slug)) if is_slug(slug) else None
