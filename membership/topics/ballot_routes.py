"""The ballot: one person's page, kept by no cache; it works without scripts."""

from collections.abc import Collection, Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from membership.accounts.login import may_only_vote, voter_required, voting_account
from membership.db import current_session, transaction
from membership.errors import NotAllowed, Refusal, WrongState
from membership.topics.ballots import StaleBallot, Voter, cast, in_ballot_order, voter_in
from membership.topics.closing import close
from membership.topics.listing import least_pledge, phase, topics_of
from membership.topics.models import Round
from membership.topics.rounds import by_slug
from membership.web.caching import personal
from membership.web.current import current_clock, now
from membership.web.errors import said

blueprint = Blueprint("ballots", __name__)


@blueprint.get("/rounds/<slug>/ballot")
@voter_required
def ballot_page(slug: str) -> Response:
    """Shows the ballot of who is signed in."""
    round_ = by_slug(current_session(), slug)
    if phase(round_, now=now()) in ("counting", "closed"):
        return _closed_page(round_, status=200)
    voter = voter_in(current_session(), round_.id, voting_account().id)
    if voter is None:
        return _not_on_the_roll(round_)
    return _ballot_page(round_, voter, voter.ballot.choices)


@blueprint.post("/rounds/<slug>/ballot")
@voter_required
def cast_ballot(slug: str) -> Response:
    """Keeps the whole choice; no choice withdraws it."""
    round_ = by_slug(current_session(), slug)
    account_id, choices = voting_account().id, request.form.getlist("choices")
    try:
        with transaction(current_session()) as session:
            cast(session, round_.id, account_id, choices, version=_version(), clock=current_clock())
    except NotAllowed:
        return _not_on_the_roll(round_)
    except StaleBallot as stale:
        return _again(round_, account_id, choices, stale)
    except WrongState:
        return _close_and_tell(round_)
    except Refusal as refusal:
        return _again(round_, account_id, choices, refusal)
    return personal(make_response(redirect(url_for("ballots.ballot_page", slug=slug), 303)))


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _again(round_: Round, account_id: int, choices: Collection[str], refusal: Refusal) -> Response:
    voter = voter_in(current_session(), round_.id, account_id)
    if voter is None:
        return _not_on_the_roll(round_)
    errors = {"choices": said(refusal)}
    return _ballot_page(
        round_, voter, choices, errors, status=refusal.status, is_stale=isinstance(refusal, StaleBallot)
    )


def _ballot_page(
    round_: Round,
    voter: Voter,
    checked: Collection[str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    is_stale: bool = False,
) -> Response:
    topics = {topic.slug: topic for topic in topics_of(current_session(), round_)}
    page = render_template(
        "topics/ballot.html",
        round=round_,
        topics=tuple(topics[slug] for slug in in_ballot_order(tuple(topics), voter.key)),
        ballot=voter.ballot,
        checked=checked,
        errors=errors or {},
        is_stale=is_stale,
        votes_only=may_only_vote(),
    )
    return personal(make_response(page, status))


def _not_on_the_roll(round_: Round) -> Response:
    page = render_template(
        "topics/not_on_the_roll.html",
        round=round_,
        phase=phase(round_, now=now()),
        topics=len(topics_of(current_session(), round_)),
        least_pledge=least_pledge(),
    )
    return personal(make_response(page, 403))


def _close_and_tell(round_: Round) -> Response:
    # The first to knock after the close does the counting, if the worker has not come by yet.
    with transaction(current_session()) as session:
        close(session, round_.id, clock=current_clock())
    return _closed_page(by_slug(current_session(), round_.slug), status=409)


def _closed_page(round_: Round, *, status: int) -> Response:
    page = render_template("topics/ballot_closed.html", round=round_, phase=phase(round_, now=now()), status=status)
    return personal(make_response(page, status))
