"""The public pages of what a round came to: results, the files to count again, and the look at one's own ballot."""

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, render_template, request

from membership.db import current_session
from membership.errors import Refusal
from membership.topics.checking import FIELD, CheckedBallot, check_ballot
from membership.topics.models import Round
from membership.topics.promise_list import next_midnight
from membership.topics.published_files import ballots_csv, topics_csv
from membership.topics.results import counted_at, promises_of, results_of
from membership.topics.rounds import by_slug, reason_called_off
from membership.web.caching import personal, public
from membership.web.current import now, zone
from membership.web.errors import said

blueprint = Blueprint("results", __name__)

# More than anybody types as a code; what is longer is not sent back whole.
SHOWN_AGAIN = 80


@blueprint.get("/rounds/<slug>/results")
def results_page(slug: str) -> Response:
    """Shows what a closed round came to; of one that was called off, why."""
    session, at = current_session(), now()
    round_ = by_slug(session, slug)
    if round_.called_off_at is not None:
        reason = reason_called_off(session, round_)
        page = render_template("topics/results_called_off.html", round=round_, reason=reason)
        return public(make_response(page), now=at)
    results = results_of(session, round_)
    promises = promises_of(session, results.winners, zone=zone(), now=at)
    page = render_template("topics/results.html", round=round_, results=results, promises=promises)
    return public(make_response(page), now=at, fresh_until=next_midnight(zone=zone(), now=at) if promises else None)


@blueprint.get("/rounds/<slug>/ballots.csv")
def ballots_file(slug: str) -> Response:
    """Gives the counted ballots of a closed round, under their codes."""
    session = current_session()
    return _file(ballots_csv(session, by_slug(session, slug)), f"{slug}-ballots.csv")


@blueprint.get("/rounds/<slug>/topics.csv")
def topics_file(slug: str) -> Response:
    """Gives the topics of a closed round, with all that counting again needs."""
    session = current_session()
    return _file(topics_csv(session, by_slug(session, slug)), f"{slug}-topics.csv")


@blueprint.get("/rounds/<slug>/check")
def check_page(slug: str) -> Response:
    """Asks for the code of a ballot."""
    round_ = by_slug(current_session(), slug)
    counted_at(round_)
    return _check_page(round_)


@blueprint.post("/rounds/<slug>/check")
def check(slug: str) -> Response:
    """Shows how the ballot under a code was counted: at once, because an address must not hold the code."""
    session, code = current_session(), request.form.get(FIELD, "")
    round_ = by_slug(session, slug)
    try:
        ballot = check_ballot(session, round_, code)
    except Refusal as refusal:
        if refusal.field is None:
            raise
        return _check_page(round_, code=code[:SHOWN_AGAIN], errors={FIELD: said(refusal)})
    return _check_page(round_, ballot)


def _file(content: str, name: str) -> Response:
    response = make_response(content)
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return public(response, now=now())


def _check_page(
    round_: Round, ballot: CheckedBallot | None = None, *, code: str = "", errors: Mapping[str, str] | None = None
) -> Response:
    page = render_template("topics/check.html", round=round_, ballot=ballot, code=code, errors=errors or {})
    return personal(make_response(page, 422 if errors else 200))
