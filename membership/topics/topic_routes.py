"""The public pages of topics, and the form by which they are proposed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from membership.accounts.login import current_account, signed_in_account, signed_in_required
from membership.db import current_session, transaction
from membership.errors import NotAllowed, Refusal
from membership.patrons.who import standing_of
from membership.topics import open_now
from membership.topics.listing import least_pledge, topics_in
from membership.topics.open_now import open_round
from membership.topics.promise_list import next_midnight, promise_of
from membership.topics.proposing import SOURCES_LENGTH, TITLE_LENGTH, WHY_LENGTH, propose
from membership.topics.similar import Titled, similar_to
from membership.topics.topic_page import history_of, public_topic, rounds_of
from membership.topics.words import current_topic_words
from membership.topics.years import next_year, year_of_topics
from membership.web.caching import personal, public
from membership.web.current import now, zone
from membership.web.errors import said

blueprint = Blueprint("topic_pages", __name__)

YEAR = re.compile(r"[0-9]{4}", re.ASCII)
FIELDS = ("title", "why", "sources")


@dataclass(frozen=True)
class _Back:
    """What a form comes back with. `similar` are topics to look at before it is sent again."""

    errors: Mapping[str, str]
    similar: tuple[Titled, ...] = ()
    may_propose: bool = True
    is_signed_out: bool = False


@blueprint.get("/topics")
def topics_page() -> Response:
    """Shows what was proposed, chosen and declined, alike for everyone."""
    at, session = now(), current_session()
    opened = {each.slug for each in open_now.not_over() if each.has_opened}
    in_round = topics_in(session, "in_round")
    page = render_template(
        "topics/topics.html",
        round=open_round(now=at),
        in_round=tuple(topic for topic in in_round if topic.round and topic.round[0] in opened),
        coming=tuple(topic for topic in in_round if not (topic.round and topic.round[0] in opened)),
        shortlisted=topics_in(session, "shortlisted"),
        chosen=tuple(
            topic
            for state in ("selected", "reporting", "postponed")
            for topic in topics_in(session, state, newest_first=True)
        ),
        published=topics_in(session, "published", newest_first=True),
        declined=topics_in(session, "declined", newest_first=True),
        year=at.astimezone(zone()).year,
        words=current_topic_words(),
        least_pledge=least_pledge(),
    )
    # It links the year that is.
    changes = (open_now.next_change(now=at), next_year(zone=zone(), now=at))
    return public(make_response(page), now=at, fresh_until=min(each for each in changes if each is not None))


@blueprint.get("/topics/<slug>")
def topic_page(slug: str) -> Response:
    """Shows one topic: why it matters, where it stands and how it came there."""
    at, session = now(), current_session()
    topic = public_topic(session, slug)
    promise = promise_of(session, topic, zone=zone(), now=at)
    page = render_template(
        "topics/topic.html",
        topic=topic,
        promise=promise,
        history=history_of(session, topic),
        rounds=rounds_of(session, topic),
    )
    # At midnight a promise may become late.
    return public(make_response(page), now=at, fresh_until=next_midnight(zone=zone(), now=at) if promise else None)


@blueprint.get("/topics/years/<year>")
def year_page(year: str) -> Response:
    """Shows what was asked in a year and what came of it."""
    if YEAR.fullmatch(year) is None:
        abort(404)
    ledger = year_of_topics(current_session(), int(year), zone=zone(), now=now())
    page = render_template("topics/year.html", ledger=ledger)
    return public(make_response(page), now=now(), fresh_until=ledger.fresh_until)


@blueprint.get("/topics/similar")
def similar_topics() -> Response:
    """Shows public topics that are like a title, as a part of a page: for the form, while one types."""
    similar = similar_to(request.args.get("title", ""))
    return public(make_response(render_template("topics/_similar.html", similar=similar)), now=now())


@blueprint.get("/topics/proposal")
@signed_in_required
def proposal_page() -> Response:
    """Shows the form to somebody signed in, and says at once whether they may propose."""
    may = _may_propose(signed_in_account().id)
    return _form_page(dict.fromkeys(FIELDS, ""), _Back({}, may_propose=may), status=200)


@blueprint.post("/topics")
def propose_topic() -> Response:
    """Takes a proposal; whatever refuses it, what was typed stays in the form."""
    form = {name: request.form.get(name, "") for name in FIELDS}
    account = current_account()
    if account is None:
        return _form_page(form, _Back({}, is_signed_out=True), status=403)
    similar = similar_to(form["title"])
    if similar and request.form.get("compared") != form["title"]:
        return _form_page(form, _Back({}, similar), status=422)
    try:
        with transaction(current_session()) as session:
            propose(
                session,
                account.id,
                form["title"],
                form["why"],
                sources=form["sources"],
                by_any_reader=current_topic_words().readers_propose,
                now=now(),
            )
    except NotAllowed as refusal:
        return _form_page(form, _Back({"": said(refusal)}, may_propose=False), status=refusal.status)
    except Refusal as refusal:
        answer = _form_page(form, _Back({refusal.field or "": said(refusal)}), status=refusal.status)
        if refusal.retry_after is not None:
            answer.headers["Retry-After"] = str(refusal.retry_after)
        return answer
    return personal(make_response(redirect(url_for("own_topics.own_topics_page", received="yes"), 303)))


def _may_propose(account_id: int) -> bool:
    if current_topic_words().readers_propose:
        return True
    return standing_of(current_session(), account_id, now=now()).may_vote


def _form_page(form: Mapping[str, str], back: _Back, *, status: int) -> Response:
    page = render_template(
        "topics/topic_proposal.html",
        form=form,
        back=back,
        words=current_topic_words(),
        least_pledge=least_pledge(),
        lengths={"title": TITLE_LENGTH, "why": WHY_LENGTH, "sources": SOURCES_LENGTH},
    )
    return personal(make_response(page, status))
