"""The editors' tracker of promises: each topic with its next act, the latest first."""

from collections.abc import Callable
from datetime import date

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.login import role_required, signed_in_account
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session, transaction
from membership.errors import NotFound, Refusal
from membership.topics.answering import decline
from membership.topics.models import Topic
from membership.topics.moves import REASON_LENGTH
from membership.topics.promise_list import ended, owed, voters_of
from membership.topics.promises import (
    PERSON_LENGTH,
    TITLE_LENGTH,
    URL_LENGTH,
    admit_late,
    begin_reporting,
    postpone,
    promise,
    publish,
)
from membership.web.caching import personal
from membership.web.current import now, zone
from membership.web.errors import said
from membership.web.slugs import is_slug

blueprint = Blueprint("promise_desk", __name__, url_prefix="/staff")

PATH = "/staff/promises"

Act = Callable[[Session, Topic], object]


@blueprint.get("/promises")
@role_required("editor")
def promises_page() -> Response:
    """Shows what is owed, with the next act at each."""
    return _page()


@blueprint.post("/topics/<slug>/promise")
@role_required("editor")
def promise_it(slug: str) -> Response:
    """Says who does it and by when, or corrects that."""

    def act(session: Session, topic: Topic) -> None:
        on = _day(request.form.get("promised_on", ""), "promised_on")
        promise(session, topic, request.form.get("person", ""), on, by=_editor(), zone=zone(), now=now())

    return _done(slug, "promise", act)


@blueprint.post("/topics/<slug>/reporting")
@role_required("editor")
def begin_reporting_it(slug: str) -> Response:
    """Says that somebody is at work on it."""
    return _done(slug, "reporting", lambda session, topic: begin_reporting(session, topic, by=_editor(), now=now()))


@blueprint.post("/topics/<slug>/postponement")
@role_required("editor")
def postpone_it(slug: str) -> Response:
    """Moves it to another month, with a reason."""

    def act(session: Session, topic: Topic) -> None:
        month = _day(request.form.get("month", "")[:7] + "-01", "month")
        postpone(session, topic, month, request.form.get("reason", ""), by=_editor(), zone=zone(), now=now())

    return _done(slug, "postponement", act)


@blueprint.post("/topics/<slug>/publication")
@role_required("editor")
def publish_it(slug: str) -> Response:
    """Says where to read it."""

    def act(session: Session, topic: Topic) -> None:
        publish(session, topic, request.form.get("url", ""), request.form.get("title", ""), by=_editor(), now=now())

    return _done(slug, "publication", act)


@blueprint.post("/topics/<slug>/promise/refusal")
@role_required("editor")
def decline_it(slug: str) -> Response:
    """Declines what was chosen, with a reason that everybody can read."""

    def act(session: Session, topic: Topic) -> None:
        decline(session, topic, request.form.get("reason", ""), by=_editor(), now=now())

    return _done(slug, "refusal", act)


@blueprint.post("/topics/<slug>/promise/late-notice")
@role_required("editor")
def admit_that_it_is_late(slug: str) -> Response:
    """Tells those who voted that it is late."""
    return _done(slug, "late", lambda session, topic: admit_late(session, topic, by=_editor(), zone=zone(), now=now()))


def _done(slug: str, form: str, act: Act) -> Response:
    """Does something with a topic and goes back to the list; a refused form comes back as it was sent."""
    try:
        with transaction(current_session()) as session:
            act(session, _topic(session, slug))
    except Refusal as refusal:
        if refusal.field is None:
            raise
        return _page(refused=(slug, form), field=refusal.field, error=said(refusal), status=refusal.status)
    return personal(make_response(redirect(url_for("promise_desk.promises_page") + f"#{slug}", 303)))


def _topic(session: Session, slug: str) -> Topic:
    found = session.scalar(select(Topic).where(Topic.slug == slug)) if is_slug(slug) else None
    if found is None:
        raise NotFound("There is no such topic.")
    return found


def _editor() -> int:
    return signed_in_account().id


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        example = "2027-01" if field == "month" else "2027-01-20"
        raise Refusal("Write it like %(example)s.", field=field, example=example) from None


def _page(*, refused: tuple[str, str] = ("", ""), field: str = "", error: str = "", status: int = 200) -> Response:
    session, at = current_session(), now()
    promises = owed(session, zone=zone(), now=at)
    page = render_template(
        "topics/staff_promises.html",
        # Forms are answered under the addresses of topics.
        staff_nav=[(path, name, path == PATH) for path, name, _is_here in staff_nav()],
        promises=promises,
        voters=voters_of(session, [each for each in promises if each.days_late]),
        published=ended(session, "published")[:10],
        today=at.astimezone(zone()).date(),
        refused=refused,
        field=field,
        error=error,
        typed=request.form,
        lengths={"person": PERSON_LENGTH, "reason": REASON_LENGTH, "url": URL_LENGTH, "title": TITLE_LENGTH},
    )
    return personal(make_response(page, status))
