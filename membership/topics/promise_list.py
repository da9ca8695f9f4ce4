"""What is owed of topics that rounds chose, and what was delivered: as the trackers of staff and public list it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from membership.outbox.models import OutboxRow
from membership.topics.chosen_in import ChosenIn, chosen_in
from membership.topics.models import MoveText, RollEntry, Topic, TopicMove
from membership.topics.promises import due_on
from membership.topics.roll import WITHHELD_UNDER
from membership.topics.stages import OWED, STAGE_TOLD, late_key

LONGEST_LIST = 100


@dataclass(frozen=True)
class Promise:
    """What is promised of a topic. `due_on` is the last day in time, `days_late` 0 if it is not late.

    `reason`: why it was postponed. `since`: when it came to where it is.
    """

    slug: str
    title: str
    state: str
    round: ChosenIn | None
    person: str | None
    promised_on: date | None
    postponed_to: date | None
    due_on: date | None
    days_late: int
    reason: str | None
    since: datetime
    outcome_url: str | None
    outcome_title: str | None


@dataclass(frozen=True)
class Voters:
    """Who would be told that a topic is late: `count` is `None` under five. `told`: they were."""

    count: int | None
    told: bool


def owed(session: Session, *, zone: ZoneInfo, now: datetime) -> tuple[Promise, ...]:
    """Lists what is owed: the latest first, then by the day of the promise, then what nobody has promised yet."""
    topics = session.scalars(select(Topic).where(Topic.state.in_(OWED)).order_by(Topic.id).limit(LONGEST_LIST)).all()
    found = _promises(session, topics, today=now.astimezone(zone).date())
    return tuple(sorted(found, key=lambda each: (each.due_on is None, each.due_on or date.max, each.since)))


def ended(session: Session, state: str) -> tuple[Promise, ...]:
    """Lists what rounds chose and what is owed no more, the latest first: `published`, or `declined` all the same."""
    each = aliased(TopicMove)
    step = select(func.max(each.id)).where(each.topic_id == Topic.id, each.now != each.was)
    topics = session.scalars(
        select(Topic)
        .join(TopicMove, TopicMove.topic_id == Topic.id)
        .where(Topic.state == state, TopicMove.id == step.scalar_subquery(), TopicMove.was.in_(OWED))
        .order_by(TopicMove.at.desc(), TopicMove.id.desc())
        .limit(LONGEST_LIST)
    ).all()
    return _promises(session, topics, today=None)


def promise_of(session: Session, topic: Topic, *, zone: ZoneInfo, now: datetime) -> Promise | None:
    """Returns what is promised of one topic, or what became of it; `None` if no round has chosen it."""
    if topic.state not in (*OWED, "published", "declined"):
        return None
    (found,) = _promises(session, [topic], today=now.astimezone(zone).date())
    return None if found.state == "declined" and found.round is None else found


def voters_of(session: Session, late: Iterable[Promise]) -> dict[str, Voters]:
    """Says, for each late topic (slug), how many voted in its round and whether they know that it is late."""
    keys = {late_key(each.slug, each.due_on): each for each in late if each.due_on}
    rows = select(OutboxRow.key).where(OutboxRow.kind == STAGE_TOLD, OutboxRow.key.in_(list(keys)))
    told = set(session.scalars(rows))
    counts = _voted(session, {each.round.round_id for each in keys.values() if each.round})
    return {
        each.slug: Voters(_told(counts.get(each.round.round_id, 0) if each.round else 0), key in told)
        for key, each in keys.items()
    }


def next_midnight(*, zone: ZoneInfo, now: datetime) -> datetime:
    """Returns when the newsroom's next day begins: then a promise may have become late."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, tzinfo=zone)


def _promises(session: Session, topics: Sequence[Topic], *, today: date | None) -> tuple[Promise, ...]:
    rounds = chosen_in(session, [topic.id for topic in topics])
    steps = _latest_steps(session, topics)
    return tuple(
        Promise(
            slug=topic.slug,
            title=topic.title,
            state=topic.state,
            round=rounds.get(topic.id),
            person=topic.person,
            promised_on=topic.promised_on,
            postponed_to=topic.postponed_to,
            due_on=due_on(topic),
            days_late=_days_late(topic, today),
            reason=steps[topic.id].reason if topic.state in ("postponed", "declined") else None,
            since=steps[topic.id].at,
            outcome_url=topic.outcome_url,
            outcome_title=topic.outcome_title,
        )
        for topic in topics
    )


def _latest_steps(session: Session, topics: Sequence[Topic]) -> dict[int, "_Step"]:
    """Returns when each topic last moved to where it is, and with which words; a corrected promise moves nothing."""
    rows = session.execute(
        select(TopicMove.topic_id, TopicMove.at, MoveText.text)
        .join(Topic, (Topic.id == TopicMove.topic_id) & (Topic.state == TopicMove.now))
        .outerjoin(MoveText, MoveText.id == TopicMove.text_id)
        .where(TopicMove.topic_id.in_([topic.id for topic in topics]))
        .where((TopicMove.was != TopicMove.now) | (TopicMove.now == "postponed"))
        .order_by(TopicMove.id)
    )
    return {row.topic_id: _Step(row.at, row.text) for row in rows}


@dataclass(frozen=True)
class _Step:
    at: datetime
    reason: str | None


def _days_late(topic: Topic, today: date | None) -> int:
    due = due_on(topic)
    if today is None or due is None or topic.state not in OWED:
        return 0
    return max(0, (today - due).days)


def _voted(session: Session, round_ids: Iterable[int]) -> dict[int, int]:
    rows = session.execute(
        select(RollEntry.round_id, func.count().label("voters"))
        .where(RollEntry.round_id.in_(list(round_ids)), RollEntry.voted_at.is_not(None))
        .where(RollEntry.account_id.is_not(None))
        .group_by(RollEntry.round_id)
    )
    return {row.round_id: row.voters for row in rows}


def _told(count: int) -> int | None:
    return None if count < WITHHELD_UNDER else count
