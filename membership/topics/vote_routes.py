"""The page of one's own votes: the rounds one may vote in, and what became of those that are over."""

from flask import Blueprint, Response, make_response, render_template

from membership.accounts.login import signed_in_account, signed_in_required
from membership.db import current_session
from membership.topics.open_now import next_round
from membership.topics.own_rounds import rounds_of
from membership.web.caching import personal
from membership.web.current import now, zone

blueprint = Blueprint("votes", __name__)


@blueprint.get("/account/votes")
@signed_in_required
def votes_page() -> Response:
    """Lists the rounds of who is signed in."""
    rounds = rounds_of(current_session(), signed_in_account().id, zone=zone(), now=now())
    page = render_template(
        "topics/own_votes.html",
        open_rounds=[each for each in rounds if each.is_open],
        past=[each for each in rounds if not each.is_open],
        next_round=next_round(),
    )
    return personal(make_response(page))
