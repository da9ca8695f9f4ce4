"""Where one is signed in, and signing out there."""

from flask import Blueprint, Response, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from membership.accounts import sessions
from membership.accounts.devices import devices_of, sign_out_one
from membership.accounts.login import forget, signed_in_account, signed_in_required
from membership.db import current_session, transaction
from membership.errors import NotFound
from membership.web.caching import personal
from membership.web.current import now

blueprint = Blueprint("devices", __name__)


@blueprint.get("/account/devices")
@signed_in_required
def devices_page() -> Response:
    """Lists the browsers in which this account is signed in."""
    devices = devices_of(current_session(), signed_in_account(), current_user.secret, now=now())
    return personal(make_response(render_template("accounts/devices.html", devices=devices)))


@blueprint.post("/account/devices/<handle>/sign-out")
@signed_in_required
def sign_out_there(handle: str) -> ResponseReturnValue:
    """Signs out in one browser, from the next page it asks for."""
    owner, at = signed_in_account(), now()
    with transaction(current_session()) as session:
        if not sign_out_one(session, owner, handle, now=at):
            raise NotFound("Nobody is signed in there with your account. Perhaps it was signed out meanwhile.")
    return redirect("/account/devices", 303)


@blueprint.post("/account/devices/sign-out")
@signed_in_required
def sign_out_everywhere() -> ResponseReturnValue:
    """Signs out in every browser, this one too."""
    owner, at = signed_in_account(), now()
    forget()
    with transaction(current_session()) as session:
        sessions.end_all(session, owner, now=at)
    return redirect("/sign-in", 303)
