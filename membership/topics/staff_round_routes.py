"""Pages of the editors: the rounds, and the drafts of new ones. No count stands on any of them before the close."""

from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from membership.accounts.login import role_required, signed_in_account
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.topics.drafting import (
    ChangedMeanwhile,
    candidates_of,
    draft,
    fingerprint,
    redraft,
    refuse_unless_draft,
    terms_again,
)
from membership.topics.listing import topics_in
from membership.topics.models import Round
from membership.topics.round_form import RoundForm, empty_form, from_request, from_terms
from membership.topics.round_lists import staff_rounds
from membership.topics.rounds import for_staff, terms_of
from membership.topics.staff_round_page import form_page, round_page
from membership.web.caching import personal
from membership.web.current import now, zone
from membership.web.errors import said

blueprint = Blueprint("staff_rounds", __name__, url_prefix="/staff/rounds")

# Twenty topics with all that may be said of each: a letter that is not Latin takes six bytes in a form.
FORM_BYTES: Final = 256 * 1024


@blueprint.url_value_preprocessor
def let_a_long_form_in(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raises the limit of what is read before anything reads it: the guard does, in front of every view."""
    request.max_content_length = FORM_BYTES


@blueprint.get("")
@role_required("editor")
def rounds_page() -> Response:
    """Shows all rounds with their turnout."""
    session = current_session()
    page = render_template(
        "topics/staff_rounds.html",
        staff_nav=staff_nav(),
        rounds=staff_rounds(session, now=now()),
        shortlisted=len(topics_in(session, "shortlisted")),
    )
    return personal(make_response(page))


@blueprint.get("/new")
@role_required("editor")
def new_page() -> Response:
    """Shows the form of a new draft; `?like=` fills it with the settings of an earlier round, on the next dates."""
    like = request.args.get("like", "")
    return form_page(_form_like(for_staff(current_session(), like)) if like else _empty(), None)


@blueprint.post("")
@role_required("editor")
def draft_a_round() -> Response:
    """Makes a draft over topics of the shortlist."""
    form = from_request(request.form)
    try:
        with transaction(current_session()) as session:
            round_ = draft(session, form.terms(zone()), form.candidates(), by=signed_in_account().id, now=now())
    except Refusal as refusal:
        return _refused(form, None, refusal)
    return personal(make_response(redirect(url_for("staff_rounds.one_page", slug=round_.slug), 303)))


@blueprint.get("/<slug>")
@role_required("editor")
def one_page(slug: str) -> Response:
    """Shows one round, with what can be done."""
    return round_page(for_staff(current_session(), slug))


@blueprint.get("/<slug>/draft")
@role_required("editor")
def draft_page(slug: str) -> Response:
    """Shows the form of a draft."""
    round_ = for_staff(current_session(), slug)
    refuse_unless_draft(round_)
    return form_page(_form_of(round_), round_)


@blueprint.post("/<slug>/draft")
@role_required("editor")
def change_draft(slug: str) -> Response:
    """Replaces a draft; two editors do not overwrite each other unseen."""
    round_, form = for_staff(current_session(), slug), from_request(request.form)
    try:
        with transaction(current_session()) as session:
            redraft(
                session,
                round_.id,
                form.terms(zone()),
                form.candidates(),
                seen=form.seen or None,
                by=signed_in_account().id,
                now=now(),
            )
    except Refusal as refusal:
        return _refused(form, for_staff(current_session(), slug), refusal)
    return personal(make_response(redirect(url_for("staff_rounds.one_page", slug=round_.slug), 303)))


def _empty() -> RoundForm:
    return empty_form(zone=zone(), now=now())


def _form_of(round_: Round) -> RoundForm:
    session = current_session()
    seen = fingerprint(session, round_)
    return from_terms(terms_of(round_), candidates_of(session, round_), zone=zone(), seen=seen)


def _form_like(round_: Round) -> RoundForm:
    # Its topics are another question: those that were not chosen stand on the shortlist with the others.
    return from_terms(terms_again(round_, zone=zone(), now=now()), (), zone=zone())


def _refused(form: RoundForm, round_: Round | None, refusal: Refusal) -> Response:
    if round_ is not None and isinstance(refusal, ChangedMeanwhile):
        # Sent once more, what was typed replaces what the other editor made.
        form = form.seen_anew(fingerprint(current_session(), round_))
    elif refusal.status != 422 and refusal.field is None:
        raise refusal
    return form_page(form, round_, {refusal.field or "": said(refusal)}, status=refusal.status)
