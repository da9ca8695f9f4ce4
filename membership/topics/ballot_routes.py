"""The ballot: one person's page, kept by no cache. It works without scripts; with them each choice is saved at once."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from membership.accounts.login import may_only_vote, voter_required, voting_account
from membership.db import current_session, transaction
from membership.errors import NotAllowed, Refusal, WrongState
from membership.topics.ballots import Ballot, StaleBallot, Voter, cast_at, in_ballot_order, is_barred, voter_in
from membership.topics.closing import close
from membership.topics.listing import least_pledge
from membership.topics.models import Round
from membership.topics.open_now import next_round
from membership.topics.reminding import is_reminded
from membership.topics.round_phase import is_open, phase
from membership.topics.rounds import by_slug, reason_called_off, topics_in_round
from membership.web.caching import personal
from membership.web.current import current_clock, now
from membership.web.errors import said
from membership.web.filters import clock_time

blueprint = Blueprint("ballots", __name__)


@blueprint.get("/rounds/<slug>/ballot")
@voter_required
def ballot_page(slug: str) -> Response:
    """Shows the ballot of who is signed in; of a round that is not open, when one will be."""
    round_ = by_slug(current_session(), slug)
    voter = voter_in(current_session(), round_.id, voting_account().id)
    if not is_open(round_, now=now()):
        return _not_open_page(round_, voter, status=200)
    if voter is None:
        return _not_on_the_roll(round_)
    return _ballot_page(round_, voter, voter.ballot.choices)


@blueprint.post("/rounds/<slug>/ballot")
@voter_required
def cast_ballot(slug: str) -> Response:
    """Keeps the whole choice; no choice withdraws it. Answers a script in JSON."""
    account_id, choices = voting_account().id, request.form.getlist("choices")
    try:
        with transaction(current_session()) as session:
            kept = cast_at(session, slug, account_id, choices, version=_version(), clock=current_clock())
    except Refusal as refusal:
        if _wants_json():
            return _refused(slug, refusal)
        return _refused_page(slug, account_id, choices, refusal)
    if _wants_json():
        return personal(jsonify(_told(kept)))
    return personal(make_response(redirect(url_for("ballots.ballot_page", slug=slug), 303)))


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _wants_json() -> bool:
    return request.headers.get("Accept", "") == "application/json"


def _told(kept: Ballot) -> dict[str, Any]:
    time = "" if kept.changed_at is None else clock_time(kept.changed_at)
    if kept.choices:
        sentence = _("Saved %(time)s. You can change it until the close.", time=time)
    else:
        sentence = _("Saved %(time)s: your vote is withdrawn. You can vote again until the close.", time=time)
    return {
        "version": kept.version,
        "choices": sorted(kept.choices),
        "receipt": kept.receipt if kept.choices else "",
        "said": str(sentence),
    }


def _refused(slug: str, refusal: Refusal) -> Response:
    answer: dict[str, Any] = {"error": said(refusal), "field": refusal.field}
    if isinstance(refusal, StaleBallot):
        answer["kept"] = {"version": refusal.kept.version, "choices": sorted(refusal.kept.choices)}
    elif isinstance(refusal, NotAllowed):
        answer["join"] = "/support"
    elif isinstance(refusal, WrongState):
        _close_if_due(slug)
    return personal(make_response(jsonify(answer), refusal.status))


def _refused_page(slug: str, account_id: int, choices: Collection[str], refusal: Refusal) -> Response:
    round_ = by_slug(current_session(), slug)
    if isinstance(refusal, NotAllowed):
        return _not_on_the_roll(round_)
    if isinstance(refusal, WrongState) and not isinstance(refusal, StaleBallot):
        _close_if_due(slug)
        round_ = by_slug(current_session(), slug)
        return _not_open_page(round_, voter_in(current_session(), round_.id, account_id), status=409)
    voter = voter_in(current_session(), round_.id, account_id)
    if voter is None:
        return _not_on_the_roll(round_)
    is_stale = isinstance(refusal, StaleBallot)
    return _ballot_page(round_, voter, choices, {"choices": said(refusal)}, status=refusal.status, is_stale=is_stale)


def _close_if_due(slug: str) -> None:
    # The first to knock after the close does the counting, if the worker has not come by yet.
    round_ = by_slug(current_session(), slug)
    with transaction(current_session()) as session:
        close(session, round_.id, clock=current_clock())


def _ballot_page(
    round_: Round,
    voter: Voter,
    checked: Collection[str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    is_stale: bool = False,
) -> Response:
    topics = {topic.slug: topic for topic in topics_in_round(current_session(), round_)}
    votes_only = may_only_vote()
    page = render_template(
        "topics/ballot.html",
        round=round_,
        topics=tuple(topics[slug] for slug in in_ballot_order(tuple(topics), voter.key)),
        ballot=voter.ballot,
        checked=checked,
        errors=errors or {},
        is_stale=is_stale,
        votes_only=votes_only,
        # Who may only vote cannot choose letters: that takes the mailbox.
        reminded=None if votes_only else is_reminded(current_session(), voting_account().id),
    )
    return personal(make_response(page, status))


def _not_on_the_roll(round_: Round) -> Response:
    at, session = now(), current_session()
    page = render_template(
        "topics/not_on_the_roll.html",
        round=round_,
        phase=phase(round_, now=at),
        topics=len(topics_in_round(session, round_)),
        least_pledge=least_pledge(),
        is_barred=is_barred(session, round_.id, voting_account().id),
    )
    return personal(make_response(page, 403))


def _not_open_page(round_: Round, voter: Voter | None, *, status: int) -> Response:
    at, session = now(), current_session()
    # An open round keeps the tie: its voters go on seeing what they chose. Of a secret one nothing is left.
    ballot = voter.ballot if voter is not None and round_.closed_at is not None and not round_.secret else None
    page = render_template(
        "topics/ballot_closed.html",
        round=round_,
        phase=phase(round_, now=at),
        status=status,
        reason=reason_called_off(session, round_),
        ballot=ballot,
        chosen=[each.title for each in topics_in_round(session, round_) if ballot and each.slug in ballot.choices],
        next_round=next_round(),
    )
    return personal(make_response(page, status))
