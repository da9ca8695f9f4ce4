"""The one cookie of giving: for a day, this browser knows the attempt that it made last. Nothing else is in it."""

from datetime import datetime, timedelta

from flask import Response, request

from membership.web.current import current_settings
from membership.web.signing import BadSignature, sign, unsign

LIFE = timedelta(hours=24)
PURPOSE = "own attempt"


def remember_attempt(response: Response, reference: str, *, now: datetime) -> Response:
    """Lets this browser know its attempt for a day."""
    is_demo = current_settings().is_demo
    response.set_cookie(
        _name(),
        sign(PURPOSE, reference, now=now),
        max_age=LIFE,
        path="/",
        secure=not is_demo,
        httponly=True,
        samesite="Lax",
    )
    return response


def own_attempt(*, now: datetime) -> str | None:
    """Returns the reference of the attempt that this browser made last, within a day; `None` if it made none."""
    try:
        return unsign(PURPOSE, request.cookies.get(_name(), ""), life=LIFE, now=now)
    except BadSignature:
        return None


def _name() -> str:
    # As the cookie of signing in: outside of the demo bound to this very host, and never sent in the clear.
    return "attempt" if current_settings().is_demo else "__Host-attempt"
