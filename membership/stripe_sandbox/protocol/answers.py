"""Answers that are not a page of their own: JSON for programs, and the way back for a browser."""

from flask import Response, make_response, redirect, request

from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import encoded


def json_response(body: Json, status: int = 200) -> Response:
    """Returns a JSON answer."""
    return Response(encoded(body), status, content_type="application/json")


def wants_json() -> bool:
    """Tells whether a program asks: it sends JSON, or does not expect a page."""
    return request.is_json or "application/json" in request.headers.get("Accept", "")


def wants_page() -> bool:
    """Tells whether a browser asks: it expects a page and sends no JSON."""
    return "text/html" in request.headers.get("Accept", "") and not request.is_json


def back(body: Json, to: str = "/_sandbox") -> Response:
    """Answers JSON to a program, and sends a browser back to a page of the console."""
    return json_response(body) if wants_json() else make_response(redirect(to, 303))


def sent() -> Json:
    """Returns what was sent: one JSON object, or a form. Raises ApiError 400 for other JSON."""
    return sent_json() if request.is_json else dict(request.form)


def sent_json(*, optional: bool = False) -> Json:
    """Returns the JSON object that was sent, or an empty one if it may be left out. Raises ApiError 400."""
    body = request.get_json(silent=True)
    if body is None and optional:
        return {}
    if not isinstance(body, dict):
        raise ApiError(400, "Send one JSON object.")
    return body
