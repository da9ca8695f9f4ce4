"""The page where one asks for help without signing in."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.support.help import TOPICS, ask_help
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said
from membership.web.network import network_key

blueprint = Blueprint("help", __name__)


@blueprint.get("/support/help")
def help_page() -> Response:
    return _page("", request.args.get("topic", ""), is_sent=request.args.get("sent") == "1")


@blueprint.post("/support/help")
def ask_for_help() -> ResponseReturnValue:
    """Has the letter sent; the answer is the same for every address."""
    email, topic, at = request.form.get("email", ""), request.form.get("topic", ""), now()
    try:
        with transaction(current_session()) as session:
            ask_help(session, email, topic, network_key=network_key(now=at), now=at)
    except Refusal as refusal:
        return _page(email, topic, refusal)
    return redirect("/support/help?sent=1", 303)


def _page(email: str, topic: str, refusal: Refusal | None = None, *, is_sent: bool = False) -> Response:
    page = render_template(
        "support/help.html",
        topics=[(name, label, note) for name, (label, note) in TOPICS.items()],
        email=email,
        topic=topic,
        is_sent=is_sent,
        errors={refusal.field or "": said(refusal)} if refusal else {},
    )
    response = personal(make_response(page, refusal.status if refusal else 200))
    if refusal is not None and refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
