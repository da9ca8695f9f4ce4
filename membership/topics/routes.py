"""The public pages: topics, a round, its results; and the form by which patrons propose."""

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from membership.accounts.login import current_account
from membership.db import current_session, transaction
from membership.errors import NotAllowed, Refusal
from membership.topics import open_now
from membership.topics.listing import least_pledge, next_change, phase, topics_in, topics_of
from membership.topics.moves import TITLE_LENGTH, WHY_LENGTH, propose
from membership.topics.open_now import open_round
from membership.topics.results import results_of
from membership.topics.roll import roll_size
from membership.topics.rounds import by_slug
from membership.web.caching import personal, public
from membership.web.current import now
from membership.web.errors import said

blueprint = Blueprint("topics", __name__)

EMPTY_FORM = {"title": "", "why": ""}


@blueprint.get("/topics")
def topics_page() -> Response:
    """Shows what was proposed, chosen and declined, alike for everyone."""
    at = now()
    return public(make_response(_topics_page(EMPTY_FORM)), now=at, fresh_until=open_now.next_change(now=at))


@blueprint.post("/topics")
def propose_topic() -> Response:
    """Takes a patron's proposal; the page it leads to is the public one, with a word of thanks."""
    account = current_account()
    if account is None:
        return personal(make_response(redirect(url_for("accounts.ask_page", next="/topics"), 303)))
    form = {name: request.form.get(name, "") for name in EMPTY_FORM}
    try:
        with transaction(current_session()) as session:
            propose(session, account.id, form["title"], form["why"], now=now())
    except NotAllowed as refusal:
        return _not_a_patron(refusal)
    except Refusal as refusal:
        if refusal.field is None:
            raise
        return personal(make_response(_topics_page(form, {refusal.field: said(refusal)}), refusal.status))
    return personal(make_response(redirect(url_for("topics.topics_page", received="yes"), 303)))


@blueprint.get("/rounds/<slug>")
def round_page(slug: str) -> Response:
    """Shows a round: its question, its topics, until when, and how to join."""
    at, session = now(), current_session()
    round_ = by_slug(session, slug)
    page = render_template(
        "topics/round.html",
        round=round_,
        phase=phase(round_, now=at),
        topics=topics_of(session, round_),
        roll_size=roll_size(session, round_.id),
        least_pledge=least_pledge(),
    )
    return public(make_response(page), now=at, fresh_until=next_change(round_, now=at))


@blueprint.get("/rounds/<slug>/results")
def results_page(slug: str) -> Response:
    """Shows what a closed round came to."""
    session = current_session()
    round_ = by_slug(session, slug)
    page = render_template("topics/results.html", round=round_, results=results_of(session, round_))
    return public(make_response(page), now=now())


def _topics_page(form: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    session = current_session()
    return render_template(
        "topics/topics.html",
        round=open_round(now=now()),
        in_round=topics_in(session, "in_round"),
        shortlisted=topics_in(session, "shortlisted"),
        selected=topics_in(session, "selected", newest_first=True),
        declined=topics_in(session, "declined", newest_first=True),
        form=form,
        errors=errors or {},
        received="received" in request.args,
        least_pledge=least_pledge(),
        title_length=TITLE_LENGTH,
        why_length=WHY_LENGTH,
    )


def _not_a_patron(refusal: NotAllowed) -> Response:
    page = render_template(
        "web/error.html",
        status=refusal.status,
        title=_("Proposals come from patrons"),
        sentence=said(refusal),
        action=("/support", _("Become a patron")),
    )
    return personal(make_response(page, refusal.status))
