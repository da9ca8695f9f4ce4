"""What the news of a topic says at each of its stages, written when the letter is."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.mail_choices import Told
from membership.mail.letters import Block, Button, Line
from membership.topics.models import MoveText, Round, Topic, TopicMove
from membership.topics.stages import LATE, OWED
from membership.web.filters import day, month

Details = Mapping[str, Any]
Said = tuple[str, tuple[Block, ...]]


def outcome_told(session: Session, payload: Details, *, base_url: str) -> Told | None:
    """Writes a stage for somebody who voted in the round that chose the topic."""
    round_ = session.scalar(select(Round.title).where(Round.slug == payload["round"]))
    why = Line(_("It was chosen in “%(round)s”, in which you voted.", round=round_))
    return _told(session, payload, why, base_url=base_url)


def followed_told(session: Session, payload: Details, *, base_url: str) -> Told | None:
    """Writes a stage for somebody who follows the topic."""
    return _told(session, payload, Line(_("You follow this topic.")), base_url=base_url)


def absolute(url: str, *, base_url: str) -> str:
    """Returns the address of an outcome as letters and feeds need it: one of our own is kept as a path."""
    return base_url + url if url.startswith("/") else url


def _told(session: Session, payload: Details, why: Line, *, base_url: str) -> Told | None:
    topic = session.scalars(select(Topic).where(Topic.slug == payload["topic"])).one()
    # What is withheld for safety is not named any more, whatever waited to be told of it.
    if topic.state == "withheld":
        return _withheld(why) if payload["stage"] == "withheld" else None
    # Nor is it still late, once it was published or declined: that is news of its own.
    if payload["stage"] == LATE and topic.state not in OWED:
        return None
    write = _STAGES.get(payload["stage"])
    if write is None:
        return None
    subject, blocks = write(topic, payload, _reason(session, payload["move"]))
    return Told(subject, (*blocks, why, _to_what(topic, payload, base_url=base_url)))


def _to_what(topic: Topic, payload: Details, *, base_url: str) -> Button:
    if payload["stage"] == "published" and topic.outcome_url:
        return Button(_("Read it"), absolute(topic.outcome_url, base_url=base_url))
    return Button(_("To the topic"), f"{base_url}/topics/{topic.slug}")


def _withheld(why: Line) -> Told:
    said = _("One topic is withheld for safety. We say neither which nor why: that would put people in danger.")
    return Told(_("A topic is withheld for safety"), (Line(said), why))


def _chosen(topic: Topic, _payload: Details, _reason: str) -> Said:
    return _("Chosen: %(title)s", title=topic.title), (
        Line(_("“%(title)s” was chosen. You hear what becomes of it.", title=topic.title)),
    )


def _in_work(topic: Topic, payload: Details, _reason: str) -> Said:
    person, on = payload["person"], payload["on"]
    if person and on:
        said = _("%(person)s is at work on it, and promised it by %(day)s.", person=person, day=_day(on))
    elif person:
        said = _("%(person)s is at work on it.", person=person)
    else:
        said = _("We are at work on it.")
    return _("In work: %(title)s", title=topic.title), (Line(said),)


def _published(topic: Topic, _payload: Details, _reason: str) -> Said:
    return _("Published: %(title)s", title=topic.title), (
        Line(_("You asked, and here it is: “%(title)s”.", title=topic.outcome_title or topic.title)),
    )


def _postponed(topic: Topic, payload: Details, reason: str) -> Said:
    said = _("“%(title)s” moves to %(month)s.", title=topic.title, month=month(date.fromisoformat(payload["month"])))
    return _("Postponed: %(title)s", title=topic.title), (
        Line(said),
        *_because(reason),
        Line(_("The vote stands.")),
    )


def _declined(topic: Topic, _payload: Details, reason: str) -> Said:
    return _("Declined: %(title)s", title=topic.title), (
        Line(_("We will not take “%(title)s”.", title=topic.title)),
        *_because(reason),
    )


def _late(topic: Topic, payload: Details, _reason: str) -> Said:
    on = _day(payload["on"])
    if payload["person"]:
        said = _("%(person)s promised it by %(day)s, and it is not there yet.", person=payload["person"], day=on)
    else:
        said = _("It was promised by %(day)s, and it is not there yet.", day=on)
    after = _("You hear from us when it is published, postponed or declined.")
    return _("Late: %(title)s", title=topic.title), (Line(said), Line(after))


_STAGES: Final[Mapping[str, Callable[[Topic, Details, str], Said]]] = {
    "selected": _chosen,
    "reporting": _in_work,
    "published": _published,
    "postponed": _postponed,
    "declined": _declined,
    LATE: _late,
}


def _because(reason: str) -> tuple[Line, ...]:
    return (Line(_("Reason: %(reason)s", reason=reason)),) if reason else ()


def _reason(session: Session, move_id: int | None) -> str:
    text = select(MoveText.text).join(TopicMove, TopicMove.text_id == MoveText.id).where(TopicMove.id == move_id)
    return session.scalar(text) or ""


def _day(written: str) -> str:
    return day(date.fromisoformat(written))
