"""One topic as its page shows it: where it stands, how it came there, and in which rounds it stood."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.errors import NotFound
from membership.topics.listing import HIDDEN
from membership.topics.models import MoveText, Round, RoundTopic, Topic, TopicMove
from membership.topics.promises import promise_in
from membership.topics.round_phase import IS_SEEN
from membership.web.slugs import is_slug

Mover = Literal["proposer", "editor", "round"]

# What only the person who proposed the topic and the staff may read.
SECRET_REASONS = ("withheld",)


@dataclass(frozen=True)
class Step:
    """One move in a topic's history. `who` is a part somebody plays, never a name; `round` is the close of one.

    `promise` is who promised it and by which day, where the step is that. `is_mended`: an editor changed the words,
    and `reason` is what stood there before.
    """

    was: str | None
    now: str
    at: datetime
    who: Mover
    reason: str | None
    promise: tuple[str, date] | None

    @property
    def is_mended(self) -> bool:
        return self.was == self.now == "proposed"


@dataclass(frozen=True)
class StoodIn:
    """A round in which a topic stands or stood. `is_endangered`: marked as dangerous there, it cannot win."""

    slug: str
    title: str
    has_opened: bool
    is_closed: bool
    is_called_off: bool
    is_endangered: bool

    @property
    def is_over(self) -> bool:
        return self.is_closed or self.is_called_off


def topic_at(session: Session, slug: str) -> Topic:
    """Returns the topic at an address, public or hidden; raises `NotFound`."""
    found = session.scalar(select(Topic).where(Topic.slug == slug)) if is_slug(slug) else None
    if found is None:
        raise NotFound("There is no such topic.")
    return found


def public_topic(session: Session, slug: str) -> Topic:
    """Returns the topic at an address if everybody may see it; raises `NotFound`."""
    topic = topic_at(session, slug)
    if not is_public(session, topic):
        raise NotFound("There is no such topic.")
    return topic


def is_public(session: Session, topic: Topic) -> bool:
    """Says whether everybody may see a topic: an editor has read it, and it is not withheld."""
    if topic.state != "withdrawn":
        return topic.state not in HIDDEN
    was_shortlisted = select(TopicMove.id).where(TopicMove.topic_id == topic.id, TopicMove.was == "shortlisted")
    return session.scalar(was_shortlisted.where(TopicMove.now == "withdrawn").limit(1)) is not None


def history_of(session: Session, topic: Topic, *, tells_secrets: bool = False) -> tuple[Step, ...]:
    """Returns the moves of a topic, the first one first; why it was withheld only if the caller `tells_secrets`."""
    rows = session.execute(
        select(TopicMove, MoveText.text)
        .outerjoin(MoveText, MoveText.id == TopicMove.text_id)
        .where(TopicMove.topic_id == topic.id)
        .order_by(TopicMove.id)
    )
    return tuple(_step(step, text, tells_secrets=tells_secrets) for step, text in rows)


def rounds_of(session: Session, topic: Topic) -> tuple[StoodIn, ...]:
    """Returns the rounds in which a topic stands or stood, the first one first; a draft is nobody's to see."""
    rows = session.execute(
        select(Round, RoundTopic.endangered_at)
        .join(RoundTopic, RoundTopic.round_id == Round.id)
        .where(RoundTopic.topic_id == topic.id)
        .where(IS_SEEN)
        .order_by(Round.opens_at, Round.id)
    )
    return tuple(
        StoodIn(
            slug=each.slug,
            title=each.title,
            has_opened=each.roll_hash_open is not None,
            is_closed=each.closed_at is not None,
            is_called_off=each.called_off_at is not None,
            is_endangered=endangered_at is not None,
        )
        for each, endangered_at in rows
    )


def _step(step: TopicMove, text: str | None, *, tells_secrets: bool) -> Step:
    promise = promise_in(step, text)
    is_secret = step.now in SECRET_REASONS or step.was == "proposed" == step.now
    may_tell = promise is None and (tells_secrets or not is_secret)
    return Step(step.was, step.now, step.at, _who(step), text if may_tell else None, promise)


def _who(step: TopicMove) -> Mover:
    if step.was is None or step.now == "withdrawn":
        return "proposer"
    return "round" if step.by_id is None else "editor"
