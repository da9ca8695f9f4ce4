"""The public pages of rounds: the calendar, a round, and how it is decided."""

from flask import Blueprint, Response, make_response, render_template

from membership.db import current_session
from membership.topics import open_now
from membership.topics.how_we_decide import how_we_decide
from membership.topics.listing import least_pledge
from membership.topics.roll import roll_size
from membership.topics.round_lists import calendar
from membership.topics.round_phase import next_change, phase
from membership.topics.round_terms import donors_since
from membership.topics.rounds import by_slug, reason_called_off, topics_in_round
from membership.web.caching import public
from membership.web.current import now

blueprint = Blueprint("rounds", __name__)


@blueprint.get("/rounds")
def calendar_page() -> Response:
    """Shows what is open, what comes, and what was."""
    at = now()
    rounds = calendar(current_session(), now=at)
    page = render_template(
        "topics/calendar.html",
        open=tuple(each for each in rounds if each.phase in ("joining", "voting", "counting")),
        coming=tuple(reversed([each for each in rounds if each.phase == "soon"])),
        past=tuple(each for each in rounds if each.phase in ("closed", "called_off")),
        least_pledge=least_pledge(),
    )
    return public(make_response(page), now=at, fresh_until=open_now.next_change(now=at))


@blueprint.get("/rounds/<slug>")
def round_page(slug: str) -> Response:
    """Shows a round: its question, its topics, until when, and how to join."""
    at, session = now(), current_session()
    round_ = by_slug(session, slug)
    page = render_template(
        "topics/round.html",
        round=round_,
        phase=phase(round_, now=at),
        topics=topics_in_round(session, round_),
        roll_size=roll_size(session, round_.id),
        donors_since=donors_since(round_),
        called_off=reason_called_off(session, round_),
        least_pledge=least_pledge(),
    )
    return public(make_response(page), now=at, fresh_until=next_change(round_, now=at))


@blueprint.get("/rounds/<slug>/how-we-decide")
def how_we_decide_page(slug: str) -> Response:
    """Says, from the settings of a round, how it is decided."""
    at, session = now(), current_session()
    round_ = by_slug(session, slug)
    rules = how_we_decide(round_, len(topics_in_round(session, round_)))
    page = render_template("topics/how_we_decide.html", round=round_, phase=phase(round_, now=at), rules=rules)
    return public(make_response(page), now=at, fresh_until=next_change(round_, now=at))
