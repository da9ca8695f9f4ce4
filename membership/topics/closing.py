"""The close of a round: counted once, by whoever comes first, and no open ballot is left behind."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.clock import Clock
from membership.db import locked
from membership.errors import NotFound
from membership.outbox.rows import enqueue
from membership.topics.models import (
    CountedBallot,
    OpenBallot,
    OpenChoice,
    RollEntry,
    Round,
    RoundResult,
    RoundTopic,
    Topic,
)
from membership.topics.moves import hold, move, tell
from membership.topics.roll import seal
from membership.topics.tally import Contender, chosen, tally

RESULTS_LETTER: Final = "round_results"
ERASE_TRACES: Final = "ballot_traces"


def close(session: Session, round_id: int, *, clock: Clock) -> bool:
    """Counts a round whose time has come, publishes its result and moves its topics.

    `False` if it is closed already or still open: it may be called by any number of callers at once.
    """
    round_ = locked(session, Round, round_id)
    if round_ is None:
        raise NotFound("There is no such round.")
    now = clock.now()  # only under the lock: every ballot that was accepted is then committed
    if round_.closed_at is not None or now < round_.closes_at:
        return False
    seal(session, round_)
    ballots = _keep_counted(session, round_)
    if round_.secret:
        _delete_open(session, round_)
    moved = _publish(session, round_, ballots, now=now)
    round_.closed_at = now
    _tell_voters(session, round_, now=now)
    if round_.secret:
        enqueue(session, ERASE_TRACES, round_.slug, {}, now=now)
    tell(session, moved, by=None, now=now)
    record(session, "closed", "round", round_.slug, actor_id=None, now=now)
    return True


def _keep_counted(session: Session, round_: Round) -> list[list[str]]:
    ballots: dict[str, list[str]] = {}
    for receipt, slug in session.execute(_chosen_topics(round_)):
        ballots.setdefault(receipt, []).append(slug)
    # In the order of random receipts and sorted topics, neither order says when or how somebody chose.
    counted = [(receipt, sorted(ballots[receipt])) for receipt in sorted(ballots)]
    if counted:
        rows = [{"round_id": round_.id, "receipt": receipt, "choices": choices} for receipt, choices in counted]
        session.execute(insert(CountedBallot), rows)
    return [choices for _receipt, choices in counted]


def _chosen_topics(round_: Round) -> Select[str, str]:
    return (
        select(OpenBallot.receipt, Topic.slug)
        .join(RollEntry, RollEntry.id == OpenBallot.roll_id)
        .join(OpenChoice, OpenChoice.ballot_id == OpenBallot.id)
        .join(Topic, Topic.id == OpenChoice.topic_id)
        .where(RollEntry.round_id == round_.id, RollEntry.barred_at.is_(None), OpenBallot.voided_at.is_(None))
    )


def _delete_open(session: Session, round_: Round) -> None:
    ballots = (
        select(OpenBallot.id)
        .join(RollEntry, RollEntry.id == OpenBallot.roll_id)
        .where(RollEntry.round_id == round_.id)
        .scalar_subquery()
    )
    session.execute(delete(OpenChoice).where(OpenChoice.ballot_id.in_(ballots)))
    session.execute(delete(OpenBallot).where(OpenBallot.id.in_(ballots)))


def _publish(session: Session, round_: Round, ballots: Iterable[list[str]], *, now: datetime) -> list[Topic]:
    of_round = select(RoundTopic.topic_id).where(RoundTopic.round_id == round_.id)
    topics = {topic.slug: topic for topic in hold(session, Topic.id.in_(of_round))}
    contenders = [Contender(topic.slug, topic.proposed_at) for topic in topics.values()]
    counted = tally(round_.slug, contenders, ballots)
    won = chosen(counted, round_.winners)
    for each in counted:
        topic = topics[each.slug]
        session.add(RoundResult(round_id=round_.id, topic_id=topic.id, votes=each.votes, rank=each.rank))
        move(session, topic, "selected" if each.slug in won else "shortlisted", by=None, now=now)
    return [topics[each.slug] for each in counted]


def _tell_voters(session: Session, round_: Round, *, now: datetime) -> None:
    voted = select(RollEntry.id, RollEntry.key).where(
        RollEntry.round_id == round_.id, RollEntry.voted_at.is_not(None), RollEntry.account_id.is_not(None)
    )
    for roll_id, key in session.execute(voted.order_by(RollEntry.key)):
        enqueue(session, RESULTS_LETTER, f"{round_.slug}.{key}", {"roll_id": roll_id}, now=now)
