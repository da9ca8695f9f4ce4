"""What editors do with a round: announce it, open it, take it back, mark a danger, call it off."""

from collections.abc import Callable

from flask import Blueprint, Response, make_response, redirect, request, url_for
from sqlalchemy.orm import Session

from membership.accounts.login import role_required, signed_in_account
from membership.db import current_session, transaction
from membership.errors import Refusal, WrongState
from membership.topics.announcing import announce, take_back
from membership.topics.calling_off import call_off
from membership.topics.danger import endanger
from membership.topics.drafting import ChangedMeanwhile, discard
from membership.topics.models import Round
from membership.topics.opening import begin, open_draft, prepare
from membership.topics.rounds import for_staff
from membership.topics.staff_round_page import Typed, round_page
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said

blueprint = Blueprint("staff_round_acts", __name__, url_prefix="/staff/rounds/<slug>")


@blueprint.post("/announcement")
@role_required("editor")
def announce_round(slug: str) -> Response:
    """Announces a draft: it opens at its time."""
    typed = _typed()

    def announcing(session: Session, round_: Round) -> None:
        announce(session, round_.id, typed.checks, seen=_seen(), by=signed_in_account().id, now=now())

    return _act(slug, typed, announcing)


@blueprint.post("/opening")
@role_required("editor")
def open_now(slug: str) -> Response:
    """Opens a draft, or an announced round, at once."""
    typed, at, by = _typed(), now(), signed_in_account().id
    # Standings of many take seconds; they are computed before the transaction.
    prepared = prepare(current_session(), for_staff(current_session(), slug), now=at)

    def opening(session: Session, round_: Round) -> None:
        if round_.announced_at is None:
            open_draft(session, round_.id, typed.checks, prepared, seen=_seen(), by=by, now=at)
        elif not begin(session, round_.id, prepared, by=by, now=at):
            raise WrongState("This round has opened already, or was called off.")

    return _act(slug, typed, opening)


@blueprint.post("/taking-back")
@role_required("editor")
def take_round_back(slug: str) -> Response:
    """Makes a draft again of what was announced."""
    return _act(
        slug, Typed(), lambda session, round_: take_back(session, round_.id, by=signed_in_account().id, now=now())
    )


@blueprint.post("/danger")
@role_required("editor")
def mark_danger(slug: str) -> Response:
    """Marks a topic of an open round as dangerous."""
    typed = _typed()

    def marking(session: Session, round_: Round) -> None:
        endanger(session, round_.id, typed.topic, typed.reason, by=signed_in_account().id, now=now())

    return _act(slug, typed, marking, where="danger")


@blueprint.post("/calling-off")
@role_required("editor")
def call_round_off(slug: str) -> Response:
    """Calls a round off."""
    typed = _typed()

    def calling_off(session: Session, round_: Round) -> None:
        call_off(session, round_.id, typed.reason, by=signed_in_account().id, now=now())

    return _act(slug, typed, calling_off, where="call_off")


@blueprint.post("/discarding")
@role_required("editor")
def discard_draft(slug: str) -> Response:
    """Throws a draft away."""
    round_ = for_staff(current_session(), slug)
    with transaction(current_session()) as session:
        discard(session, round_.id, by=signed_in_account().id, now=now())
    return personal(make_response(redirect(url_for("staff_rounds.rounds_page"), 303)))


def _typed() -> Typed:
    return Typed(
        checks=request.form.getlist("checks"),
        topic=request.form.get("topic", ""),
        reason=request.form.get("reason", ""),
    )


def _seen() -> str | None:
    return request.form.get("seen") or None


def _act(slug: str, typed: Typed, act: Callable[[Session, Round], object], *, where: str = "") -> Response:
    round_ = for_staff(current_session(), slug)
    try:
        with transaction(current_session()) as session:
            act(session, round_)
    except Refusal as refusal:
        if refusal.field is None and not isinstance(refusal, ChangedMeanwhile):
            raise
        # Fields of the draft stand on the page of its form, so nothing here could be linked to.
        errors = {where or (refusal.field if refusal.field == "checks" else "") or "": said(refusal)}
        typed = Typed(typed.checks, typed.topic, typed.reason, errors)
        return round_page(for_staff(current_session(), slug), typed, status=refusal.status)
    return personal(make_response(redirect(url_for("staff_rounds.one_page", slug=slug), 303)))
