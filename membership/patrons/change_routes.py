"""The pages on which patrons change their pledge. Another amount or cadence is asked for a floor above."""

from datetime import date

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from membership.accounts.login import signed_in_account, signed_in_required
from membership.db import current_session
from membership.errors import Refusal, WrongState
from membership.patrons.card import card_page
from membership.patrons.change_view import changes_of, owned_pledge
from membership.patrons.changing import undo_scheduled
from membership.patrons.moving import may_move, move_charge, moved_to, window_of
from membership.patrons.pausing import go_on, pause, skip
from membership.payments.mirror import current_mirror
from membership.web.caching import personal
from membership.web.current import current_settings, now
from membership.web.errors import said
from membership.web.filters import iso

blueprint = Blueprint("changes", __name__)


@blueprint.get("/account/changes")
@signed_in_required
def changes() -> Response:
    view = changes_of(current_session(), signed_in_account().id, now=now())
    return personal(make_response(render_template("patrons/changes.html", pledge=view)))


@blueprint.post("/account/changes/skip")
@signed_in_required
def skipping() -> ResponseReturnValue:
    """Leaves the next charge out."""
    owner = _as_shown()
    skip(current_session(), current_mirror(), owner)
    return redirect("/account", 303)


@blueprint.post("/account/changes/pause")
@signed_in_required
def pausing() -> ResponseReturnValue:
    """Pauses for as many months as the form says."""
    owner, months = _as_shown(), request.form.get("months", "")
    pause(current_session(), current_mirror(), owner, int(months) if months in ("2", "3") else 0)
    return redirect("/account", 303)


@blueprint.post("/account/changes/return")
@signed_in_required
def going_on() -> ResponseReturnValue:
    """Ends a skip or a pause early."""
    owner = _as_shown()
    go_on(current_session(), current_mirror(), owner)
    return redirect("/account", 303)


@blueprint.post("/account/changes/card")
@signed_in_required
def card() -> ResponseReturnValue:
    """Leads to Stripe's page for another card, made for this click."""
    account_url = f"{current_settings().base_url}/account"
    session, owner = current_session(), signed_in_account().id
    place = card_page(session, current_mirror(), owner, return_url=account_url, language=str(get_locale()))
    return personal(make_response(redirect(place, 303)))


@blueprint.post("/account/changes/withdrawal")
@signed_in_required
def withdrawal() -> ResponseReturnValue:
    """Takes a scheduled change back."""
    undo_scheduled(current_session(), current_mirror(), signed_in_account().id)
    return redirect("/account", 303)


@blueprint.get("/account/changes/date")
@signed_in_required
def moving() -> Response:
    """Shows to which days the next charge may move, or with a day what that would come to."""
    session, owner = current_session(), signed_in_account().id
    pledge = may_move(owned_pledge(session, owner))
    if "on" not in request.args:
        return _move_page(window_of(session, pledge, now=now()).charge_on.isoformat())
    try:
        to = _day(request.args["on"])
        moved_to(session, pledge, to, now=now())
    except Refusal as refusal:
        return _move_page(request.args["on"][:40], error=said(refusal))
    return _move_page(to.isoformat(), to=to)


@blueprint.post("/account/changes/date")
@signed_in_required
def moved() -> ResponseReturnValue:
    """Moves the next charge to the day that was chosen."""
    chosen = request.form.get("on", "")
    try:
        move_charge(current_session(), current_mirror(), signed_in_account().id, _day(chosen))
    except Refusal as refusal:
        if refusal.status != Refusal.status:
            raise
        return _move_page(chosen[:40], error=said(refusal))
    return redirect("/account", 303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal("“%(text)s” is not a day. Write it like 2027-05-03.", field="on", text=text[:40]) from error


def _move_page(typed: str, *, to: date | None = None, error: str = "") -> Response:
    session, owner = current_session(), signed_in_account().id
    window = window_of(session, owned_pledge(session, owner), now=now())
    view = changes_of(session, owner, now=now())
    page = render_template("patrons/move.html", pledge=view, window=window, typed=typed, to=to, error=error)
    return personal(make_response(page, 422 if error else 200))


def _as_shown() -> int:
    """Returns the account; raises `WrongState` if its paid time ends by now on another day than its owner was told."""
    owner = signed_in_account().id
    if request.form.get("shown") != iso(owned_pledge(current_session(), owner).period_end_at):
        raise WrongState("A charge has come or moved since this page was opened. Look at the next one, then choose.")
    return owner
