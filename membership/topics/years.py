"""The public ledger of topics: what was asked in a year, and what came of it. Hidden topics are a number in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from membership.errors import NotFound
from membership.topics.listing import HIDDEN
from membership.topics.models import MoveText, Topic, TopicMove

ANSWERS: Final = ("shortlisted", "declined", "withheld")
TOLD: Final = (*ANSWERS, "selected", "published", "postponed")
LONGEST: Final = 500


@dataclass(frozen=True)
class Entry:
    """A topic in the ledger, under the move that brought it there; `reason` is what was said with it."""

    slug: str
    title: str
    at: datetime
    reason: str | None
    outcome_url: str | None
    outcome_title: str | None
    state: str


@dataclass(frozen=True)
class Year:
    """A year of topics. `asked` counts proposals of the year that have an answer; `withheld` is a number alone.

    `before` and `after` are the nearest years of which there is something to tell; `fresh_until` is the next new year.
    """

    year: int
    asked: int
    chosen: tuple[Entry, ...]
    written: tuple[Entry, ...]
    postponed: tuple[Entry, ...]
    declined: tuple[Entry, ...]
    withheld: int
    before: int | None
    after: int | None
    fresh_until: datetime


def year_of_topics(session: Session, year: int, *, zone: ZoneInfo, now: datetime) -> Year:
    """Returns the ledger of a year in the newsroom's zone.

    Raises `NotFound` for years of which there is nothing to tell, save the present one.
    """
    present = now.astimezone(zone).year
    if not 2000 <= year <= present:
        raise NotFound("There is no such year.")
    start, end = datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone)
    within = (TopicMove.at >= start) & (TopicMove.at < end)
    answered = select(TopicMove.topic_id).where(TopicMove.now.in_(ANSWERS))
    proposed = Topic.proposed_at >= start, Topic.proposed_at < end, Topic.id.in_(answered)
    ledger = Year(
        year=year,
        asked=session.scalar(select(func.count()).select_from(Topic).where(*proposed)) or 0,
        chosen=_entries(session, "selected", within),
        written=_entries(session, "published", within),
        postponed=_entries(session, "postponed", within & (Topic.state == "postponed")),
        declined=_entries(session, "declined", within & (Topic.state == "declined")),
        withheld=_withheld(session, within),
        before=_year_of(session.scalar(select(func.max(TopicMove.at)).where(_is_told(), TopicMove.at < start)), zone),
        after=_after(session, end, zone, year=year, present=present),
        fresh_until=next_year(zone=zone, now=now),
    )
    if year == present or ledger.asked or session.scalar(select(TopicMove.id).where(_is_told(), within).limit(1)):
        return ledger
    raise NotFound("There is no such year.")


def next_year(*, zone: ZoneInfo, now: datetime) -> datetime:
    """Returns when the newsroom's next year begins."""
    return datetime(now.astimezone(zone).year + 1, 1, 1, tzinfo=zone)


def _entries(session: Session, to: str, which: ColumnElement[bool]) -> tuple[Entry, ...]:
    # A topic that came there twice is told once, by its last move.
    last = (
        select(func.max(TopicMove.id))
        .join(Topic, Topic.id == TopicMove.topic_id)
        .where(TopicMove.now == to, Topic.state.not_in(HIDDEN), which)
        # A step that changes no state is a promise; only a delay may follow another.
        .where(true() if to == "postponed" else TopicMove.was != to)
        .group_by(TopicMove.topic_id)
    )
    rows = session.execute(
        select(Topic, TopicMove.at, MoveText.text)
        .join(TopicMove, TopicMove.topic_id == Topic.id)
        .outerjoin(MoveText, MoveText.id == TopicMove.text_id)
        .where(TopicMove.id.in_(last))
        .order_by(TopicMove.at, TopicMove.id)
        .limit(LONGEST)
    )
    return tuple(
        Entry(topic.slug, topic.title, at, text, topic.outcome_url, topic.outcome_title, topic.state)
        for topic, at, text in rows
    )


def _withheld(session: Session, within: ColumnElement[bool]) -> int:
    moved = select(TopicMove.topic_id).where(TopicMove.now == "withheld", within)
    counted = select(func.count()).select_from(Topic).where(Topic.state == "withheld", Topic.id.in_(moved))
    return session.scalar(counted) or 0


def _after(session: Session, end: datetime, zone: ZoneInfo, *, year: int, present: int) -> int | None:
    if year == present:
        return None
    return (
        _year_of(session.scalar(select(func.min(TopicMove.at)).where(_is_told(), TopicMove.at >= end)), zone) or present
    )


def _is_told() -> ColumnElement[bool]:
    return TopicMove.now.in_(TOLD)


def _year_of(at: datetime | None, zone: ZoneInfo) -> int | None:
    return None if at is None else at.astimezone(zone).year
