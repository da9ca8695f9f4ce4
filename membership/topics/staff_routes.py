"""Pages of the editors: proposals to answer, the overdue ones first, and everything about one topic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from membership.accounts.login import role_required, signed_in_account
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.topics.answering import decline, reconsider, shortlist, withhold
from membership.topics.following import followers
from membership.topics.listing import topics_in
from membership.topics.mending import mend
from membership.topics.moves import ALLOWED, REASON_LENGTH
from membership.topics.proposing import SOURCES_LENGTH, TITLE_LENGTH, WHY_LENGTH
from membership.topics.topic_page import history_of, is_public, rounds_of, topic_at
from membership.topics.words import current_topic_words
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said

blueprint = Blueprint("staff_topics", __name__, url_prefix="/staff")


@dataclass(frozen=True)
class _Refused:
    """A form that came back: which act was refused, with the reason as typed and the sentence about it.

    Of `mending`, `typed` are its fields and `wrong` is the field that it is about.
    """

    act: str = ""
    reason: str = ""
    error: str = ""
    wrong: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


@blueprint.get("/topics")
@role_required("editor")
def topics_page() -> Response:
    """Shows the proposals that wait, the overdue ones first, then all others by state."""
    session, at, words = current_session(), now(), current_topic_words()
    proposed = topics_in(session, "proposed")
    overdue = [topic for topic in proposed if topic.proposed_at + words.answer_within <= at]
    page = render_template(
        "topics/staff_topics.html",
        staff_nav=staff_nav(),
        words=words,
        overdue=[(topic, (at - topic.proposed_at) // timedelta(days=1)) for topic in overdue],
        proposed=proposed[len(overdue) :],
        shortlisted=topics_in(session, "shortlisted"),
        in_round=topics_in(session, "in_round"),
        chosen=[
            topic
            for state in ("selected", "reporting", "postponed")
            for topic in topics_in(session, state, newest_first=True)
        ],
        published=topics_in(session, "published", newest_first=True),
        declined=topics_in(session, "declined", newest_first=True),
        withheld=topics_in(session, "withheld", newest_first=True),
    )
    return personal(make_response(page))


@blueprint.get("/topics/<slug>")
@role_required("editor")
def topic_page(slug: str) -> Response:
    """Shows everything about one topic, with all that an editor can do about it."""
    return _topic_page(slug, _Refused(), status=200)


@blueprint.post("/topics/<slug>/shortlisting")
@role_required("editor")
def shortlist_topic(slug: str) -> Response:
    """Puts a proposal on the shortlist."""
    with transaction(current_session()) as session:
        shortlist(session, topic_at(session, slug), by=signed_in_account().id, now=now())
    return _to_topics()


@blueprint.post("/topics/<slug>/refusal")
@role_required("editor")
def decline_topic(slug: str) -> Response:
    """Declines a topic with a reason for everybody."""
    reason = request.form.get("reason", "")
    try:
        with transaction(current_session()) as session:
            decline(session, topic_at(session, slug), reason, by=signed_in_account().id, now=now())
    except Refusal as refusal:
        return _come_back(slug, "refusal", reason, refusal)
    return _to_topics()


@blueprint.post("/topics/<slug>/withholding")
@role_required("editor")
def withhold_topic(slug: str) -> Response:
    """Takes a topic out of sight, with a reason for its proposer alone."""
    reason = request.form.get("reason", "")
    try:
        with transaction(current_session()) as session:
            withhold(session, topic_at(session, slug), reason, by=signed_in_account().id, now=now())
    except Refusal as refusal:
        return _come_back(slug, "withholding", reason, refusal)
    return _to_topics()


@blueprint.post("/topics/<slug>/mending")
@role_required("editor")
def mend_topic(slug: str) -> Response:
    """Puts other words in place of a proposal's own, before anybody else reads them."""
    typed = {name: request.form.get(name, "") for name in ("title", "why", "sources")}
    try:
        with transaction(current_session()) as session:
            topic = mend(session, topic_at(session, slug), **typed, by=signed_in_account().id, now=now())
            place = url_for("staff_topics.topic_page", slug=topic.slug)
    except Refusal as refusal:
        if refusal.field is None:
            raise
        back = _Refused("mending", error=said(refusal), wrong=refusal.field, typed=typed)
        return _topic_page(slug, back, status=refusal.status)
    return personal(make_response(redirect(place, 303)))


@blueprint.post("/topics/<slug>/reconsideration")
@role_required("editor")
def reconsider_topic(slug: str) -> Response:
    """Puts a declined or withheld topic on the shortlist."""
    with transaction(current_session()) as session:
        reconsider(session, topic_at(session, slug), by=signed_in_account().id, now=now())
    return personal(make_response(redirect(url_for("staff_topics.topic_page", slug=slug), 303)))


def _come_back(slug: str, act: str, reason: str, refusal: Refusal) -> Response:
    if refusal.field is None:
        raise refusal
    return _topic_page(slug, _Refused(act, reason, said(refusal)), status=refusal.status)


def _topic_page(slug: str, refused: _Refused, *, status: int) -> Response:
    session = current_session()
    topic = topic_at(session, slug)
    page = render_template(
        "topics/staff_topic.html",
        staff_nav=staff_nav(),
        topic=topic,
        history=history_of(session, topic, tells_secrets=True),
        rounds=rounds_of(session, topic),
        followers=followers(session, topic),
        is_public=is_public(session, topic),
        may=ALLOWED[topic.state],
        refused=refused,
        reason_length=REASON_LENGTH,
        lengths={"title": TITLE_LENGTH, "why": WHY_LENGTH, "sources": SOURCES_LENGTH},
    )
    return personal(make_response(page, status))


def _to_topics() -> Response:
    return personal(make_response(redirect(url_for("staff_topics.topics_page"), 303)))
