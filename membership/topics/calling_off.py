"""A whole round is called off, announced or open: nothing of it counts, and all on the roll are told why."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.db import locked
from membership.errors import NotFound, WrongState
from membership.outbox.rows import enqueue
from membership.topics.answering import tell_who_proposed
from membership.topics.closing import ERASE_TRACES, dangers_of, delete_open
from membership.topics.models import MoveText, Round, RoundTopic, Topic
from membership.topics.moves import REASON_LENGTH, hold, move, tell
from membership.topics.round_phase import is_draft
from membership.topics.wording import paragraphs

ROUND_CALLED_OFF: Final = "round_called_off"


def call_off(session: Session, round_id: int, reason: str, *, by: int | None, now: datetime) -> None:
    """Calls a round off for a reason that everybody reads; `by` is the editor's account.

    Its topics return to the shortlist, those that turned dangerous are withheld. Ballots are deleted uncounted. Raises
    `Refusal` about the reason, and `WrongState` for a draft and from the close on.
    """
    reason = paragraphs(reason, "reason", longest=REASON_LENGTH)
    round_ = locked(session, Round, round_id)
    if round_ is None:
        raise NotFound("There is no such round.")
    _refuse_unless_it_can_be(round_, now=now)
    text = MoveText(text=reason)
    session.add(text)
    session.flush()
    dangers = dangers_of(session, round_)
    topics = hold(session, Topic.id.in_(select(RoundTopic.topic_id).where(RoundTopic.round_id == round_.id)))
    for topic in topics:
        if topic.id in dangers:
            step = move(session, topic, "withheld", by=by, reason=dangers[topic.id], now=now)
            tell_who_proposed(session, topic, step, now=now)
        else:
            move(session, topic, "shortlisted", by=by, now=now)
    round_.called_off_at, round_.called_off_text_id = now, text.id
    if round_.roll_hash_open is not None:
        delete_open(session, round_)
        enqueue(session, ERASE_TRACES, round_.slug, {}, now=now)
        enqueue(session, ROUND_CALLED_OFF, round_.slug, {"round": round_.slug}, now=now)
    tell(session, topics, by=by, now=now)
    record(session, "called off", "round", round_.slug, actor_id=by, now=now)


def _refuse_unless_it_can_be(round_: Round, *, now: datetime) -> None:
    if is_draft(round_):
        raise WrongState("This round is a draft. Throw it away instead.")
    if round_.called_off_at is not None:
        raise WrongState("This round was called off already.")
    if round_.closed_at is not None or (round_.roll_hash_open is not None and now >= round_.closes_at):
        raise WrongState("This round has closed. Its result stands.")
