"""The life of a topic: one table of allowed moves, and how one is made. The acts stand in modules of their own.

Everybody locks in one order, lest two wait for each other: an account, the round, its topics by id, what is inserted,
and last the site's version and the turn of the audit log, which all writers share.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.errors import NotFound, WrongState
from membership.newsroom.site_version import bump
from membership.topics.models import MoveText, Topic, TopicMove
from membership.topics.stages import tell_stage

REASON_LENGTH: Final = 1000

_ANSWERED: Final = ("declined", "withheld")

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "proposed": frozenset(("shortlisted", "withdrawn", *_ANSWERED)),
    "shortlisted": frozenset(("in_round", "withdrawn", *_ANSWERED)),
    "in_round": frozenset(("selected", "shortlisted", "withheld")),
    "selected": frozenset(("reporting", "published", "postponed", *_ANSWERED)),
    "reporting": frozenset(("published", "postponed", *_ANSWERED)),
    "postponed": frozenset(("postponed", "reporting", "published", *_ANSWERED)),
    "declined": frozenset(("shortlisted",)),
    "withheld": frozenset(("shortlisted",)),
    "published": frozenset(),
    "withdrawn": frozenset(),
}

# Why a topic in this state does not move as was asked.
REFUSALS: Final[Mapping[str, str]] = {
    "proposed": "“%(title)s” has not been shortlisted yet. Do that first.",
    "shortlisted": "“%(title)s” is on the shortlist already.",
    "in_round": "“%(title)s” stands in a round. Wait until that is over.",
    "selected": "“%(title)s” was chosen in a round, and that stands.",
    "reporting": "“%(title)s” is being reported. It can be published, postponed, declined or withheld.",
    "postponed": "“%(title)s” was chosen and is postponed. It can be reported, published, declined or withheld.",
    "declined": "“%(title)s” was declined. Reconsider it first.",
    "withheld": "“%(title)s” is withheld. Reconsider it first.",
    "published": "“%(title)s” is published, and that stands.",
    "withdrawn": "“%(title)s” was withdrawn by who proposed it, and that stands.",
}


def hold(session: Session, which: ColumnElement[bool]) -> list[Topic]:
    """Locks topics until the transaction ends, all in one order, and reads them anew; returns them by id."""
    # The key is left free: a ballot or a round's row that refers to a topic need not wait.
    topics = select(Topic).where(which).order_by(Topic.id).with_for_update(key_share=True)
    return list(session.scalars(topics, execution_options={"populate_existing": True}))


def hold_one(session: Session, topic_id: int) -> Topic:
    """Locks one topic until the transaction ends and reads it anew; raises `NotFound`."""
    held = hold(session, Topic.id == topic_id)
    if not held:
        raise NotFound("There is no such topic.")
    return held[0]


def move(
    session: Session, topic: Topic, to: str, *, by: int | None, reason: str | None = None, now: datetime
) -> TopicMove:
    """Moves a topic that the caller holds to another state; `by` is `None` where the clock moved it.

    Must be told at the end of the transaction, by `tell`. Raises `WrongState` for a move that `ALLOWED` does not name.
    """
    if to not in ALLOWED[topic.state]:
        raise WrongState(REFUSALS[topic.state], title=topic.title)
    text_id = _kept_text(session, reason)
    step = TopicMove(topic_id=topic.id, was=topic.state, now=to, at=now, by_id=by, text_id=text_id)
    session.add(step)
    topic.state = to
    session.flush()
    tell_stage(session, topic, step, now=now)
    return step


def tell(session: Session, topics: Iterable[Topic], *, by: int | None, now: datetime) -> None:
    """Says that topics have moved to where they are now: pages change, and the audit log knows. Call this last."""
    session.flush()
    bump(session)
    for topic in topics:
        record(session, topic.state, "topic", topic.slug, actor_id=by, fields=("state",), now=now)


def _kept_text(session: Session, reason: str | None) -> int | None:
    if reason is None:
        return None
    text = MoveText(text=reason)
    session.add(text)
    session.flush()
    return text.id
