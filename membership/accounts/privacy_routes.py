"""Privacy: how long everything is kept, all that stands here about oneself, and going for good."""

import json
from datetime import timedelta

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from membership.accounts.erasing import erase, foretell, refuse_unless_meant
from membership.accounts.farewell import say_farewell
from membership.accounts.login import forget, signed_in_account, signed_in_required
from membership.accounts.own_data import PersonalData, as_json, everything_about
from membership.accounts.retention import Period
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.web.caching import personal, public
from membership.web.current import current_settings, now
from membership.web.errors import said

DAYS_IN_A_YEAR = 365

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
def privacy() -> Response:
    """Prints the table of periods, the one that the nights apply."""
    periods: tuple[Period, ...] = current_app.extensions["retention"]
    settings = current_settings()
    lines = [(period, _in_words(period.length(settings)) or period.until) for period in periods]
    return public(make_response(render_template("accounts/privacy.html", lines=lines)), now=now())


@blueprint.get("/account/privacy")
@signed_in_required
def own_privacy() -> Response:
    return _own_page({})


@blueprint.get("/account/privacy/export")
@signed_in_required
def own_export() -> Response:
    """Shows all that stands here about the one who asks."""
    sections = everything_about(current_session(), signed_in_account(), _parts())
    return personal(make_response(render_template("accounts/export.html", sections=sections, made_at=now())))


@blueprint.get("/account/privacy/export.json")
@signed_in_required
def own_export_json() -> Response:
    """The same for machines, as a file."""
    told = as_json(everything_about(current_session(), signed_in_account(), _parts()), now=now())
    response = Response(json.dumps(told, ensure_ascii=False, indent=2) + "\n", mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="everything-about-me.json"'
    return personal(response)


@blueprint.post("/account/privacy/erasure")
@signed_in_required
def erasure() -> ResponseReturnValue:
    """Erases the account, if its address was typed; what Stripe must do, workers ask of it."""
    account = signed_in_account()
    try:
        refuse_unless_meant(account, request.form.get("email", ""))
    except Refusal as refusal:
        return _own_page({refusal.field or "": said(refusal)}, status=refusal.status)
    with transaction(current_session()) as session:
        email, at = account.email, now()
        if erase(session, account.id, _parts(), now=at):
            say_farewell(session, email, now=at)
    forget()
    return personal(make_response(redirect("/account/privacy/erased", 303)))


@blueprint.get("/account/privacy/erased")
def erased() -> Response:
    """Says that it is done, to whoever is sent here; it knows of nobody any more."""
    return personal(make_response(render_template("accounts/erased.html")))


def _in_words(length: timedelta | None) -> str:
    if length is None:
        return ""
    if length.days >= DAYS_IN_A_YEAR:
        return str(ngettext("%(num)s year", "%(num)s years", length.days // DAYS_IN_A_YEAR))
    return str(ngettext("%(num)s day", "%(num)s days", max(1, length.days)))


def _own_page(errors: dict[str, str], *, status: int = 200) -> Response:
    session, account = current_session(), signed_in_account()
    fate = foretell(session, account, _parts())
    page = render_template("accounts/own_privacy.html", account=account, fate=fate, errors=errors)
    return personal(make_response(page, status))


def _parts() -> tuple[PersonalData, ...]:
    parts: tuple[PersonalData, ...] = current_app.extensions["personal_data"]
    return parts
