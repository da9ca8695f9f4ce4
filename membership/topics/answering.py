"""An editor's answers to a proposal: shortlist it, decline it, withhold it for safety, or think again.

Whoever proposed the topic hears of each by news; the reason of a withheld one is read by nobody else.
"""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from membership.errors import WrongState
from membership.outbox.rows import enqueue
from membership.topics.models import Topic, TopicMove
from membership.topics.moves import REASON_LENGTH, REFUSALS, hold_one, move, tell
from membership.topics.topic_page import rounds_of
from membership.topics.wording import paragraphs

TELL_PROPOSER: Final = "topic_answered"


def shortlist(session: Session, topic: Topic, *, by: int | None, now: datetime) -> None:
    """Puts a proposal on the public shortlist, from which rounds are made. `by` is the editor's account."""
    held = hold_one(session, topic.id)
    if held.state != "proposed":
        raise WrongState(REFUSALS[held.state], title=held.title)
    _answer(session, held, "shortlisted", by=by, now=now)


def decline(session: Session, topic: Topic, reason: str, *, by: int | None, now: datetime) -> None:
    """Declines a topic for a reason that everybody can read. `by` is the editor's account."""
    reason = paragraphs(reason, "reason", longest=REASON_LENGTH)
    _answer(session, hold_one(session, topic.id), "declined", by=by, reason=reason, now=now)


def withhold(session: Session, topic: Topic, reason: str, *, by: int | None, now: datetime) -> None:
    """Takes a topic out of sight for safety; the reason goes to whoever proposed it and to nobody else.

    Raises `WrongState` while it stands in a round: in an open one it is marked as dangerous, and all on the roll are
    told; one that has not opened is taken back.
    """
    reason = paragraphs(reason, "reason", longest=REASON_LENGTH)
    held = hold_one(session, topic.id)
    if held.state == "in_round":
        if any(each.has_opened for each in rounds_of(session, held) if not each.is_over):
            raise WrongState("“%(title)s” stands in an open round. Mark it as dangerous there.", title=held.title)
        raise WrongState(
            "“%(title)s” stands in a round that has not opened. Take that round back first.", title=held.title
        )
    _answer(session, held, "withheld", by=by, reason=reason, now=now)


def reconsider(session: Session, topic: Topic, *, by: int | None, now: datetime) -> None:
    """Puts a topic on the shortlist that was declined or withheld: the undo of both."""
    held = hold_one(session, topic.id)
    if held.state not in ("declined", "withheld"):
        raise WrongState("“%(title)s” is neither declined nor withheld.", title=held.title)
    _answer(session, held, "shortlisted", by=by, now=now)


def _answer(
    session: Session, held: Topic, to: str, *, by: int | None, reason: str | None = None, now: datetime
) -> None:
    step = move(session, held, to, by=by, reason=reason, now=now)
    tell_who_proposed(session, held, step, now=now)
    tell(session, [held], by=by, now=now)


def tell_who_proposed(session: Session, topic: Topic, step: TopicMove, *, now: datetime) -> None:
    """Has a move told, in the caller's transaction, to whoever proposed the topic, if they are still known."""
    if topic.proposer_id is not None:
        enqueue(session, TELL_PROPOSER, f"{topic.slug}.{step.id}", {"move": step.id}, now=now)
