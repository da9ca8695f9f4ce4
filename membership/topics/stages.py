"""What becomes of a topic is told: one side effect for each happening, however many people hear of it.

A vote follows the round: who voted hears of every winner at each stage. Whoever follows a topic hears of that topic.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from membership.outbox.rows import enqueue
from membership.topics.models import Round, Topic, TopicMove

STAGE_TOLD: Final = "stage_told"
RESULTS_TOLD: Final = "round_results"
# States of a topic that a round has chosen and that is still owed.
OWED: Final = ("selected", "reporting", "postponed")
LATE: Final = "late"

_STAGES: Final = (*OWED, "published", "declined", "withheld")


def tell_stage(session: Session, topic: Topic, step: TopicMove, *, now: datetime) -> None:
    """Has a move told to those who voted in the round that chose the topic, and to those who follow it.

    In the caller's transaction. Moves before a topic was chosen are told to nobody but its followers; the close itself
    is told to voters by `tell_results`.
    """
    if step.now == "selected":
        # Chosen anew, it owes nothing of what was promised before it was declined.
        topic.person = topic.promised_on = topic.postponed_to = None
    if step.now in _STAGES:
        told = {"stage": step.now, "move": step.id, "to_voters": step.was in OWED, **_as_it_stands(topic)}
        enqueue(session, STAGE_TOLD, f"{topic.slug}.{step.id}", told, now=now)


def tell_late(session: Session, topic: Topic, due_on: date, *, now: datetime) -> bool:
    """Has it told that a topic is late; `False` if that was told of this day before."""
    told = {"stage": LATE, "move": None, "to_voters": True, **_as_it_stands(topic), "on": due_on.isoformat()}
    return enqueue(session, STAGE_TOLD, late_key(topic.slug, due_on), told, now=now)


def late_key(slug: str, due_on: date) -> str:
    """Returns the key under which it is told, once, that a topic missed a day."""
    return f"{slug}.{LATE}.{due_on.isoformat()}"


def tell_results(session: Session, round_: Round, *, now: datetime) -> None:
    """Has the result of a round told to all who voted in it; in the transaction of the close."""
    enqueue(session, RESULTS_TOLD, round_.slug, {"round": round_.slug}, now=now)


def _as_it_stands(topic: Topic) -> dict[str, Any]:
    # Told is what was promised then: the letter may go out a week later.
    return {
        "topic": topic.slug,
        "person": topic.person,
        "on": topic.promised_on and topic.promised_on.isoformat(),
        "month": topic.postponed_to and topic.postponed_to.isoformat(),
    }
