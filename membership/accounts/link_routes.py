"""The one address of all signed links: looking changes nothing, because mail programs open links before people do."""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from membership.accounts.links import open_link
from membership.db import current_session
from membership.errors import Refusal
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said

blueprint = Blueprint("links", __name__)


@blueprint.get("/links/<purpose>/<token>")
def link_page(purpose: str, token: str) -> Response:
    """Shows what the link is about, with its button."""
    session, at = current_session(), now()
    try:
        kind, opened = open_link(session, purpose, token, now=at)
        return personal(make_response(kind.show(session, opened, action=request.path, now=at)))
    except Refusal as refusal:
        return _refused(refusal)


@blueprint.post("/links/<purpose>/<token>")
def act_by_link(purpose: str, token: str) -> Response:
    """Does what the button says, and leads to what came of it."""
    session, at = current_session(), now()
    try:
        kind, opened = open_link(session, purpose, token, now=at)
        if kind.act is None:
            abort(405)
        place = kind.act(session, opened, request.form, now=at)
    except Refusal as refusal:
        return _refused(refusal)
    return personal(make_response(redirect(place or request.path, 303)))


def _refused(refusal: Refusal) -> Response:
    page = render_template("accounts/link_refused.html", status=refusal.status, sentence=said(refusal))
    response = personal(make_response(page, refusal.status))
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
