"""The close of a round: counted once, by whoever comes first, and no open ballot is left behind."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, delete, func, insert, select, text
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.clock import Clock
from membership.db import locked
from membership.errors import NotFound
from membership.outbox.rows import enqueue
from membership.topics.answering import tell_who_proposed
from membership.topics.models import (
    CountedBallot,
    MoveText,
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
from membership.topics.stages import tell_results
from membership.topics.tally import Contender, chosen, tally

ERASE_TRACES: Final = "ballot_traces"
# No slug holds it.
BETWEEN: Final = " "


def close(session: Session, round_id: int, *, clock: Clock) -> bool:
    """Counts a round whose time has come, publishes its result and moves its topics.

    `False` if it is closed already or still open: it may be called by any number of callers at once.
    """
    round_ = locked(session, Round, round_id)
    if round_ is None:
        raise NotFound("There is no such round.")
    now = clock.now()  # only under the lock: every ballot that was accepted is then committed
    if round_.closed_at is not None or now < round_.closes_at or not _was_opened(round_):
        return False
    seal(session, round_)
    ballots = _keep_counted(session, round_)
    if round_.secret:
        delete_open(session, round_)
    moved = _publish(session, round_, ballots, now=now)
    round_.closed_at = now
    tell_results(session, round_, now=now)
    if round_.secret:
        enqueue(session, ERASE_TRACES, round_.slug, {}, now=now)
    tell(session, moved, by=None, now=now)
    record(session, "closed", "round", round_.slug, actor_id=None, now=now)
    return True


def _was_opened(round_: Round) -> bool:
    return round_.roll_hash_open is not None and round_.called_off_at is None


def _keep_counted(session: Session, round_: Round) -> list[list[str]]:
    ballots = session.execute(_ballots(round_)).all()
    # In the order of random receipts and sorted topics, neither order says when or how somebody chose.
    counted = {receipt: sorted(slugs.split(BETWEEN)) for receipt, slugs in sorted(map(tuple, ballots))}
    if counted:
        _insert(session, round_, counted)
    return list(counted.values())


def _insert(session: Session, round_: Round, counted: Mapping[str, list[str]]) -> None:
    # There may be 100,000 of them, and late voters wait: no objects, and on PostgreSQL no journey for each.
    if session.get_bind().dialect.name == "postgresql":
        lists = {"receipts": list(counted), "choices": [json.dumps(choices) for choices in counted.values()]}
        session.execute(_INSERT_AT_ONCE, lists | {"round_id": round_.id})
        return
    table: Any = CountedBallot.__table__
    rows = [{"round_id": round_.id, "receipt": receipt, "choices": counted[receipt]} for receipt in counted]
    session.execute(insert(table), rows)


_INSERT_AT_ONCE = text(
    """
    INSERT INTO counted_ballots (round_id, receipt, choices)
    SELECT :round_id, receipt, CAST(choices AS json)
    FROM unnest(CAST(:receipts AS text[]), CAST(:choices AS text[])) AS made (receipt, choices)
    """
)


def _ballots(round_: Round) -> Select[str, str]:
    return (
        select(OpenBallot.receipt, func.aggregate_strings(Topic.slug, BETWEEN))
        .join(RollEntry, RollEntry.id == OpenBallot.roll_id)
        .join(OpenChoice, OpenChoice.ballot_id == OpenBallot.id)
        .join(Topic, Topic.id == OpenChoice.topic_id)
        .where(RollEntry.round_id == round_.id, RollEntry.barred_at.is_(None), OpenBallot.voided_at.is_(None))
        .group_by(OpenBallot.receipt)
    )


def delete_open(session: Session, round_: Round) -> None:
    ballots = (
        select(OpenBallot.id)
        .join(RollEntry, RollEntry.id == OpenBallot.roll_id)
        .where(RollEntry.round_id == round_.id)
        .scalar_subquery()
    )
    session.execute(delete(OpenChoice).where(OpenChoice.ballot_id.in_(ballots)))
    session.execute(delete(OpenBallot).where(OpenBallot.id.in_(ballots)))


def _publish(session: Session, round_: Round, ballots: Iterable[list[str]], *, now: datetime) -> list[Topic]:
    dangers = dangers_of(session, round_)
    of_round = select(RoundTopic.topic_id).where(RoundTopic.round_id == round_.id)
    topics = {topic.slug: topic for topic in hold(session, Topic.id.in_(of_round))}
    contenders = [Contender(each.slug, each.proposed_at, each.id not in dangers) for each in topics.values()]
    counted = tally(round_.slug, contenders, ballots)
    won = chosen(counted, round_.winners)
    for each in counted:
        session.add(RoundResult(round_id=round_.id, topic_id=topics[each.slug].id, votes=each.votes, rank=each.rank))
    # Not by rank: where ranks are withheld, the order of moves tells them to no ledger, letter or log.
    for topic in topics.values():
        if topic.id in dangers:
            step = move(session, topic, "withheld", by=None, reason=dangers[topic.id], now=now)
            tell_who_proposed(session, topic, step, now=now)
        else:
            move(session, topic, "selected" if topic.slug in won else "shortlisted", by=None, now=now)
    return list(topics.values())


def dangers_of(session: Session, round_: Round) -> dict[int, str | None]:
    """Returns why topics of the round cannot win, by topic."""
    reasons = (
        select(RoundTopic.topic_id, MoveText.text)
        .outerjoin(MoveText, MoveText.id == RoundTopic.endangered_text_id)
        .where(RoundTopic.round_id == round_.id, RoundTopic.endangered_at.is_not(None))
    )
    return {row.topic_id: row.text for row in session.execute(reasons)}
