"""Pages of the editors: proposals to answer, rounds to open. Counts stand on none of them before the close."""

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import select

from membership.accounts.login import role_required, signed_in_account
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session, transaction
from membership.errors import NotFound, Refusal
from membership.topics.listing import staff_rounds, topics_in
from membership.topics.models import Topic
from membership.topics.moves import REASON_LENGTH, decline, shortlist
from membership.topics.round_form import RoundForm, empty_form, from_request
from membership.topics.rounds import QUESTION_LENGTH, TITLE_LENGTH, open_round
from membership.web.caching import personal
from membership.web.current import now, zone
from membership.web.errors import said
from membership.web.slugs import is_slug

blueprint = Blueprint("staff_topics", __name__, url_prefix="/staff")


@blueprint.get("/topics")
@role_required("editor")
def topics_page() -> Response:
    """Shows the proposals that wait, then all others by state."""
    return _topics_page()


@blueprint.post("/topics/<slug>/shortlisting")
@role_required("editor")
def shortlist_topic(slug: str) -> Response:
    """Puts a proposal on the shortlist."""
    with transaction(current_session()) as session:
        shortlist(session, _topic(slug), by=signed_in_account().id, now=now())
    return personal(make_response(redirect(url_for("staff_topics.topics_page"), 303)))


@blueprint.post("/topics/<slug>/refusal")
@role_required("editor")
def decline_topic(slug: str) -> Response:
    """Declines a topic with a reason."""
    reason = request.form.get("reason", "")
    try:
        with transaction(current_session()) as session:
            decline(session, _topic(slug), reason, by=signed_in_account().id, now=now())
    except Refusal as refusal:
        if refusal.field is None:
            raise
        return _topics_page(refused=slug, reason=reason, error=said(refusal), status=refusal.status)
    return personal(make_response(redirect(url_for("staff_topics.topics_page"), 303)))


@blueprint.get("/rounds")
@role_required("editor")
def rounds_page() -> Response:
    """Shows the rounds with their turnout, and the form for the next one."""
    return _rounds_page(empty_form(zone=zone(), now=now()))


@blueprint.post("/rounds")
@role_required("editor")
def open_a_round() -> Response:
    """Opens a round over topics of the shortlist."""
    form = from_request(request.form)
    try:
        with transaction(current_session()) as session:
            open_round(
                session,
                form.title,
                form.question,
                form.topics,
                closes_at=form.closes_at(zone()),
                choices=form.number("choices"),
                winners=form.number("winners"),
                by=signed_in_account().id,
                now=now(),
            )
    except Refusal as refusal:
        return _rounds_page(form, {refusal.field or "topics": said(refusal)}, status=refusal.status)
    return personal(make_response(redirect(url_for("staff_topics.rounds_page"), 303)))


def _topic(slug: str) -> Topic:
    found = current_session().scalar(select(Topic).where(Topic.slug == slug)) if is_slug(slug) else None
    if found is None:
        raise NotFound("There is no such topic.")
    return found


def _topics_page(*, refused: str = "", reason: str = "", error: str = "", status: int = 200) -> Response:
    session = current_session()
    page = render_template(
        "topics/staff_topics.html",
        staff_nav=staff_nav(),
        proposed=topics_in(session, "proposed"),
        shortlisted=topics_in(session, "shortlisted"),
        in_round=topics_in(session, "in_round"),
        selected=topics_in(session, "selected", newest_first=True),
        declined=topics_in(session, "declined", newest_first=True),
        refused=refused,
        reason=reason,
        error=error,
        reason_length=REASON_LENGTH,
    )
    return personal(make_response(page, status))


def _rounds_page(form: RoundForm, errors: Mapping[str, str] | None = None, *, status: int = 200) -> Response:
    session = current_session()
    page = render_template(
        "topics/staff_rounds.html",
        staff_nav=staff_nav(),
        rounds=staff_rounds(session, now=now()),
        shortlisted=topics_in(session, "shortlisted"),
        form=form,
        errors=errors or {},
        zone=str(zone()),
        title_length=TITLE_LENGTH,
        question_length=QUESTION_LENGTH,
    )
    return personal(make_response(page, status))
