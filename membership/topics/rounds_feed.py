"""The feed of rounds: opened, counted, called off, and what became of what was chosen, as Atom (RFC 4287)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, render_template
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from werkzeug.http import http_date

from membership.db import current_session
from membership.topics.models import MoveText, Round, Topic, TopicMove
from membership.topics.results import Results, results_of
from membership.topics.rounds import reason_called_off
from membership.topics.stages import OWED
from membership.web.caching import public
from membership.web.current import current_settings, now
from membership.web.filters import moment

blueprint = Blueprint("rounds_feed", __name__)

LONGEST = 30
TOLD = ("reporting", "postponed", "published", "declined")
# Atom wants a moment even of a feed in which nothing stands yet.
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class News:
    """One entry: `name` makes it one of a kind, `path` is the page that says more."""

    name: str
    path: str
    title: str
    summary: str
    at: datetime


@blueprint.get("/rounds/feed.xml")
def feed() -> Response:
    """Tells of rounds and outcomes, the newest first."""
    session = current_session()
    news = sorted((*_of_rounds(session), *_of_topics(session)), key=lambda each: each.at, reverse=True)[:LONGEST]
    updated_at = news[0].at if news else _NEVER
    page = render_template(
        "topics/rounds_feed.xml", base_url=current_settings().base_url, updated_at=updated_at, news=news
    )
    response = make_response(page)
    response.mimetype = "application/atom+xml"
    response.headers["Last-Modified"] = http_date(updated_at)
    return public(response, now=now())


def _of_rounds(session: Session) -> list[News]:
    told = or_(Round.roll_hash_open.is_not(None), Round.called_off_at.is_not(None))
    rounds = session.scalars(select(Round).where(told).order_by(Round.opens_at.desc()).limit(LONGEST))
    return [news for round_ in rounds for news in _of_round(session, round_)]


def _of_round(session: Session, round_: Round) -> list[News]:
    path, found = f"/rounds/{round_.slug}", []
    if round_.roll_hash_open is not None:
        title = str(_("Open: %(round)s", round=round_.title))
        summary = str(
            _("%(question)s The vote is open until %(time)s.", question=round_.question, time=moment(round_.closes_at))
        )
        found.append(News(f"{path}#opened", path, title, summary, round_.opens_at))
    if round_.closed_at is not None:
        title = str(_("Results: %(round)s", round=round_.title))
        summary = _chosen(results_of(session, round_))
        found.append(News(f"{path}#closed", f"{path}/results", title, summary, round_.closed_at))
    if round_.called_off_at is not None:
        title = str(_("Called off: %(round)s", round=round_.title))
        reason = str(_("Reason: %(reason)s", reason=reason_called_off(session, round_) or ""))
        found.append(News(f"{path}#called-off", path, title, reason, round_.called_off_at))
    return found


def _chosen(results: Results) -> str:
    if not results.winners:
        return str(_("No topic was chosen."))
    named = ", ".join(topic.title for topic in results.winners if topic.is_public)
    return str(_("Chosen: %(title)s", title=named) if named else _("What was chosen has been withheld for safety."))


def _of_topics(session: Session) -> list[News]:
    # Only of what a round has chosen; what is withheld, now or since, is named nowhere.
    rows = session.execute(
        select(TopicMove.id, TopicMove.now, TopicMove.at, Topic, MoveText.text)
        .join(Topic, Topic.id == TopicMove.topic_id)
        .outerjoin(MoveText, MoveText.id == TopicMove.text_id)
        .where(TopicMove.now.in_(TOLD), TopicMove.was.in_(OWED))
        # A step that stays in its state is a promise made anew, unless it moves the month.
        .where(or_(TopicMove.was != TopicMove.now, TopicMove.now == "postponed"))
        .where(Topic.state.in_((*OWED, "published", "declined")))
        .order_by(TopicMove.id.desc())
        .limit(LONGEST)
    )
    return [_of_move(row.id, row.now, row.at, row.Topic, row.text) for row in rows]


def _of_move(move_id: int, state: str, at: datetime, topic: Topic, reason: str | None) -> News:
    names = {
        "reporting": _("In work: %(title)s", title=topic.title),
        "postponed": _("Postponed: %(title)s", title=topic.title),
        "published": _("Published: %(title)s", title=topic.title),
        "declined": _("Declined: %(title)s", title=topic.title),
    }
    path = f"/topics/{topic.slug}"
    summary = topic.outcome_title if state == "published" else reason
    return News(f"{path}#{state}-{at:%Y%m%dT%H%M%S}", path, str(names[state]), summary or "", at)
