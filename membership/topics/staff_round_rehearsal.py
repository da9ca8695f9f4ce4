"""The editors' rehearsal: the ballot as voters see it, and what a few ballots come to. It writes no row."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, make_response, render_template, request

from membership.accounts.login import role_required
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session
from membership.errors import Refusal
from membership.topics.models import Round
from membership.topics.round_rehearsal import MOST_BALLOTS, checked, outcome, read_ballots
from membership.topics.rounds import for_staff, topics_in_round
from membership.web.caching import personal
from membership.web.errors import said

blueprint = Blueprint("staff_round_rehearsal", __name__, url_prefix="/staff/rounds/<slug>/rehearsal")

COUNT = "count"


@blueprint.get("")
@role_required("editor")
def rehearsal_page(slug: str) -> Response:
    """Shows the ballot of a round, before any is cast."""
    return _page(for_staff(current_session(), slug), ())


@blueprint.post("")
@role_required("editor")
def rehearse(slug: str) -> Response:
    """Adds a ballot to those that came with the page, or counts them."""
    round_ = for_staff(current_session(), slug)
    topics = topics_in_round(current_session(), round_)
    ballots = read_ballots(request.form.getlist("cast"), topics, round_.choices)
    if request.form.get("then") == COUNT:
        return _page(round_, ballots, counts=True)
    try:
        ballot = checked(request.form.getlist("choices"), topics, round_.choices)
    except Refusal as refusal:
        chosen = request.form.getlist("choices")
        return _page(round_, ballots, chosen, {"choices": said(refusal)}, status=refusal.status)
    return _page(round_, (*ballots, ballot)[:MOST_BALLOTS])


def _page(
    round_: Round,
    ballots: Sequence[Sequence[str]],
    chosen: Sequence[str] = (),
    errors: Mapping[str, str] | None = None,
    *,
    counts: bool = False,
    status: int = 200,
) -> Response:
    topics = topics_in_round(current_session(), round_)
    page = render_template(
        "topics/rehearsal.html",
        staff_nav=staff_nav(),
        round=round_,
        topics=topics,
        ballots=[" ".join(each) for each in ballots],
        is_full=len(ballots) >= MOST_BALLOTS,
        chosen=chosen,
        errors=errors or {},
        outcome=outcome(round_, topics, ballots) if counts else (),
    )
    return personal(make_response(page, status))
