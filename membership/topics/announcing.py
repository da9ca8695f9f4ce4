"""A draft is announced: from then on it stands in the calendar, its topics are taken, and it opens by itself."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.db import locked
from membership.errors import NotFound, Refusal, WrongState
from membership.topics.drafting import held_draft
from membership.topics.models import Round, RoundTopic, Topic
from membership.topics.moves import hold, move, tell
from membership.topics.round_terms import sound
from membership.topics.rounds import terms_of

# What editors must have asked themselves of every topic; kept with who announced the round.
CHECKS: Final = ("answerable", "safe", "somebody", "not_done")


def announce(
    session: Session,
    round_id: int,
    checks: Collection[str],
    *,
    seen: str | None = None,
    by: int | None,
    now: datetime,
) -> Round:
    """Announces a draft; `checks` are those of `CHECKS` that `by`, the editor's account, has ticked.

    Raises `Refusal` about a field, `WrongState` for what is no draft any more and for a topic that has left the
    shortlist, `ChangedMeanwhile` for another draft than the one `seen` (its `fingerprint`).
    """
    round_ = held_draft(session, round_id, seen=seen)
    if round_.opens_at <= now:
        raise Refusal("The time of the opening has passed. Choose a later one, or open it now.", field="opens_on")
    topics = take_topics(session, round_, checks, by=by, now=now)
    tell(session, topics, by=by, now=now)
    record(session, "announced", "round", round_.slug, actor_id=by, fields=CHECKS, now=now)
    return round_


def take_topics(
    session: Session, round_: Round, checks: Collection[str], *, by: int | None, now: datetime
) -> list[Topic]:
    """Makes an announced round of a draft that the caller holds; the caller tells of its topics, and records it."""
    if not set(CHECKS) <= set(checks):
        raise Refusal("Tick all four when they are true of every topic.", field="checks")
    topics = _hold_topics(session, round_)
    sound(terms_of(round_), len(topics))
    for topic in topics:
        move(session, topic, "in_round", by=by, now=now)
    round_.announced_at = now
    session.flush()
    return topics


def take_back(session: Session, round_id: int, *, by: int | None, now: datetime) -> Round:
    """Makes a draft again of a round that has not opened; its topics return to the shortlist.

    Raises `WrongState` for any other round.
    """
    round_ = locked(session, Round, round_id)
    if round_ is None:
        raise NotFound("There is no such round.")
    if round_.announced_at is None:
        raise WrongState("This round is a draft already.")
    if round_.roll_hash_open is not None or round_.called_off_at is not None:
        raise WrongState("This round has opened. What it promised stands; it can only be called off.")
    topics = _hold_topics(session, round_)
    for topic in topics:
        move(session, topic, "shortlisted", by=by, now=now)
    round_.announced_at = None
    tell(session, topics, by=by, now=now)
    record(session, "took back", "round", round_.slug, actor_id=by, now=now)
    return round_


def _hold_topics(session: Session, round_: Round) -> list[Topic]:
    return hold(session, Topic.id.in_(select(RoundTopic.topic_id).where(RoundTopic.round_id == round_.id)))
