"""What is owed of a topic that a round chose: who does it, by when, and what became of it.

A promise, and each correction of it, stands in the topic's history as a step that changes no state and whose text is
`person, YYYY-MM-DD`: nobody moves a day in silence.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.errors import Refusal, WrongState
from membership.newsroom.site_version import bump
from membership.topics.models import MoveText, Topic, TopicMove
from membership.topics.moves import REASON_LENGTH, hold_one, move, tell
from membership.topics.stages import tell_late
from membership.topics.wording import line, paragraphs

PERSON_LENGTH: Final = 80
TITLE_LENGTH: Final = 300
URL_LENGTH: Final = 500
PROMISED: Final = ("selected", "reporting")
FURTHEST: Final = timedelta(days=2 * 366)


def promise(
    session: Session, topic: Topic, person: str, on: date, *, by: int | None, zone: ZoneInfo, now: datetime
) -> None:
    """Says who does what was chosen, and by which day in the newsroom's `zone`; anew, if that was said before.

    Raises a `Refusal` of field `person` or `promised_on`, and `WrongState` for what is not chosen or is postponed.
    """
    person = line(person, "person", longest=PERSON_LENGTH)
    _refuse_day(on, today=now.astimezone(zone).date())
    held = hold_one(session, topic.id)
    if held.state not in PROMISED:
        raise WrongState(_NO_PROMISE.get(held.state, "“%(title)s” was not chosen in a round."), title=held.title)
    if (held.person, held.promised_on) == (person, on):
        return
    held.person, held.promised_on, held.postponed_to = person, on, None
    _keep_step(session, held, f"{person}, {on.isoformat()}", by=by, now=now)
    bump(session)
    record(session, "promised", "topic", held.slug, actor_id=by, fields=("person", "promised_on"), now=now)


def promise_in(step: TopicMove, text: str | None) -> tuple[str, date] | None:
    """Reads person and day out of a step of a topic's history; `None` if it is no promise."""
    if step.was != step.now or step.now not in PROMISED or not text:
        return None
    person, _, on = text.rpartition(", ")
    return person, date.fromisoformat(on)


def due_on(topic: Topic) -> date | None:
    """Returns the last day on which a topic is in time; of one that is postponed, the last of that month."""
    if topic.promised_on is not None or topic.postponed_to is None:
        return topic.promised_on
    return last_of_month(topic.postponed_to)


def last_of_month(on: date) -> date:
    """Returns the last day of a day's month."""
    return on.replace(day=monthrange(on.year, on.month)[1])


def begin_reporting(session: Session, topic: Topic, *, by: int | None, now: datetime) -> None:
    """Says that somebody is at work on what was chosen."""
    held = hold_one(session, topic.id)
    move(session, held, "reporting", by=by, now=now)
    tell(session, [held], by=by, now=now)


def postpone(
    session: Session, topic: Topic, to: date, reason: str, *, by: int | None, zone: ZoneInfo, now: datetime
) -> None:
    """Moves what was chosen to the month of a day, for a reason that everybody can read; the vote stands.

    Raises a `Refusal` of field `month` or `reason`.
    """
    reason = paragraphs(reason, "reason", longest=REASON_LENGTH)
    to = to.replace(day=1)
    _refuse_month(to, today=now.astimezone(zone).date())
    held = hold_one(session, topic.id)
    held.postponed_to, held.promised_on = to, None
    move(session, held, "postponed", by=by, reason=reason, now=now)
    tell(session, [held], by=by, now=now)


def publish(session: Session, topic: Topic, url: str, title: str, *, by: int | None, now: datetime) -> None:
    """Says where to read what became of a topic: on a page of ours (a path) or elsewhere (an address).

    Raises a `Refusal` of field `url` or `title`.
    """
    url, title = _address(url), line(title, "title", longest=TITLE_LENGTH)
    held = hold_one(session, topic.id)
    held.outcome_url, held.outcome_title = url, title
    move(session, held, "published", by=by, now=now)
    tell(session, [held], by=by, now=now)


def admit_late(session: Session, topic: Topic, *, by: int | None, zone: ZoneInfo, now: datetime) -> None:
    """Tells those who voted, and those who follow the topic, that its day has passed; once for each day promised."""
    held = hold_one(session, topic.id)
    due = due_on(held)
    if held.state not in (*PROMISED, "postponed") or due is None or due >= now.astimezone(zone).date():
        raise WrongState("“%(title)s” is not late.", title=held.title)
    if not tell_late(session, held, due, now=now):
        raise WrongState("They were told that “%(title)s” is late.", title=held.title)
    record(session, "admitted_late", "topic", held.slug, actor_id=by, now=now)


_NO_PROMISE: Final = {
    "postponed": "“%(title)s” is postponed. Say that it is in work, then promise a day.",
    "published": "“%(title)s” is published; there is nothing left to promise.",
}


def _refuse_day(on: date, *, today: date) -> None:
    if on < today:
        raise Refusal("That day has passed. Promise today or a later day.", field="promised_on")
    if on > today + FURTHEST:
        raise Refusal("That is more than two years away. Choose an earlier day.", field="promised_on")


def _refuse_month(to: date, *, today: date) -> None:
    if to < today.replace(day=1):
        raise Refusal("That month has passed. Choose this month or a later one.", field="month")
    if to > today + FURTHEST:
        raise Refusal("That is more than two years away. Choose an earlier month.", field="month")


def _address(url: str) -> str:
    url = line(url, "url", longest=URL_LENGTH)
    is_path = url.startswith("/") and not url.startswith(("//", "/\\"))
    if " " in url or "\\" in url or not (is_path or _is_elsewhere(url)):
        raise Refusal("Write an address that begins with https://, or a path like /articles/…", field="url")
    return url


def _is_elsewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _keep_step(session: Session, topic: Topic, text: str, *, by: int | None, now: datetime) -> None:
    kept = MoveText(text=text)
    session.add(kept)
    session.flush()
    session.add(TopicMove(topic_id=topic.id, was=topic.state, now=topic.state, at=now, by_id=by, text_id=kept.id))
    session.flush()
