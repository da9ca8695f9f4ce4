"""What operators must know: one row for each cause, told by letter once, and again only when it says something new."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.db import Database, insert_ignore, locked, release, transaction
from membership.outbox.models import PeriodicRun
from membership.outbox.rows import enqueue
from membership.payments.models import Alarm

# What comes back so soon, saying the same, is no news.
SAME_STORY = timedelta(days=1)
# Seen again within a minute, the row is left as it is: many may meet the same cause at once.
SEEN_LATELY = timedelta(minutes=1)

log = structlog.get_logger()

# Says in a sentence what is wrong, or `None` while nothing is: (session, now=).
Question = Callable[..., str | None]


class WithRows(Protocol):
    """What of the process's seams it takes to look for alarms."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True)
class Watch:
    """What is asked every so often, by cause, as the periodic task `name`.

    `passing`: alarms that somebody raises in passing, and after how long each is over if nobody meets it again.
    """

    name: str
    every: timedelta
    questions: Mapping[str, Question]
    passing: Mapping[str, timedelta]


def raise_alarm(session: Session, cause: str, says: str, *, now: datetime) -> bool:
    """Raises an alarm, or keeps it up; returns whether operators are written to, because this is news.

    News is a cause that did not stand, and one that says something it has not said yet. What comes back within a
    day and says the same is none. `says` is a sentence for operators; a number in it that counts on would make
    each count a letter.
    """
    if insert_ignore(session, Alarm, cause=cause, says=says, since=now, seen_at=now):
        return _tell(session, locked(session, Alarm, cause), now=now)
    alarm = locked(session, Alarm, cause)
    if alarm is None or (alarm.over_at is None and alarm.says == says and now - alarm.seen_at < SEEN_LATELY):
        return False
    if alarm.over_at is not None and now - alarm.over_at > SAME_STORY:
        alarm.since = now
    alarm.says, alarm.seen_at, alarm.over_at = says, now, None
    return _tell(session, alarm, now=now)


def clear_alarm(session: Session, cause: str, *, now: datetime) -> None:
    """Says that the cause of an alarm is over; nothing happens if there is none."""
    if session.scalar(select(Alarm.cause).where(Alarm.cause == cause, Alarm.over_at.is_(None))) is None:
        return
    alarm = locked(session, Alarm, cause)
    if alarm is not None and alarm.over_at is None:
        alarm.over_at = now
        log.info("alarm.over", cause=cause)


def open_alarms(session: Session) -> dict[str, str]:
    """Returns what every alarm that stands says, by its cause."""
    standing = select(Alarm.cause, Alarm.says).where(Alarm.over_at.is_(None)).order_by(Alarm.cause)
    return {row.cause: row.says for row in session.execute(standing)}


def keep_watch(seams: WithRows, watch: Watch) -> None:
    """Asks every question whether something is wrong, and raises or ends its alarm.

    A worker that has just come back, or whose clock has just leapt, does not judge: what came in meanwhile is still
    on its way, and would be missed.
    """
    now = seams.clock.now()
    with seams.database.session() as session:
        if not _watched_lately(session, watch, now=now):
            return
        for cause, ask in watch.questions.items():
            says = ask(session, now=now)
            release(session)
            with transaction(session):
                settle_alarm(session, cause, says, now=now)
        with transaction(session):
            _end_passing(session, watch.passing, now=now)


def settle_alarm(session: Session, cause: str, says: str | None, *, now: datetime) -> None:
    """Raises the alarm if there is something to say, and else ends it."""
    if says is None:
        clear_alarm(session, cause, now=now)
    else:
        raise_alarm(session, cause, says, now=now)


def _tell(session: Session, alarm: Alarm | None, *, now: datetime) -> bool:
    if alarm is None:
        raise RuntimeError("an alarm that was just raised is not there")
    story = sha256(f"{alarm.since.isoformat()} {alarm.says}".encode()).hexdigest()[:16]
    payload = {"cause": alarm.cause, "says": alarm.says, "since": alarm.since.isoformat()}
    is_news = enqueue(session, "alarm", f"{alarm.cause}:{story}", payload, now=now)
    if is_news:
        alarm.told_at = now
        log.error("alarm.raised", cause=alarm.cause, says=alarm.says)
    return is_news


def _watched_lately(session: Session, watch: Watch, *, now: datetime) -> bool:
    ran = select(func.max(PeriodicRun.due_at)).where(PeriodicRun.name == watch.name)
    this = session.scalar(ran)
    before = session.scalar(ran.where(PeriodicRun.due_at < this)) if this else None
    return this is not None and before is not None and this - before <= 3 * watch.every


def _end_passing(session: Session, passing: Mapping[str, timedelta], *, now: datetime) -> None:
    standing = select(Alarm).where(Alarm.cause.in_(passing), Alarm.over_at.is_(None)).order_by(Alarm.cause)
    for alarm in session.scalars(standing.with_for_update()):
        if now - alarm.seen_at > passing[alarm.cause]:
            alarm.over_at = now
            log.info("alarm.over", cause=alarm.cause)
