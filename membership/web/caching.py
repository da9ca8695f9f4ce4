"""How a page may be kept: public ones by everybody for a minute, personal ones by nobody."""

from datetime import datetime

from flask import Response

SHARED_SECONDS = 60


def public(response: Response, *, now: datetime, fresh_until: datetime | None = None) -> Response:
    """Marks a page as equal for everyone.

    `fresh_until` is the next moment at which the clock alone changes it; no cache may keep it beyond.
    """
    seconds = SHARED_SECONDS
    if fresh_until is not None:
        seconds = max(0, min(seconds, int((fresh_until - now).total_seconds())))
        response.headers["X-Fresh-Until"] = fresh_until.isoformat()
    stale = ", stale-while-revalidate=600" if seconds == SHARED_SECONDS else ""
    response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}{stale}"
    return response


def personal(response: Response) -> Response:
    """Marks a page as one person's: it is kept nowhere and listed nowhere."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
