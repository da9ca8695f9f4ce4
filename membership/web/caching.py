"""How a page may be kept: public ones by everybody for a minute, personal ones by nobody."""

from datetime import datetime

from flask import Response

SHARED_SECONDS = 60
STALE = "stale-while-revalidate"
# Tells the page cache until when it may keep a page; taken off before the page leaves.
FRESH_UNTIL = "X-Fresh-Until"


def public(
    response: Response, *, now: datetime, fresh_until: datetime | None = None, names_people: bool = False
) -> Response:
    """Marks a page as equal for everyone.

    `fresh_until` is the next moment at which the clock alone changes it; no cache may keep it beyond. One that
    `names_people` is shown by none after its minute: whoever takes the name back is gone then.
    """
    if fresh_until is not None:
        response.headers[FRESH_UNTIL] = fresh_until.isoformat()
    response.headers["Cache-Control"] = for_everyone(fresh_until, may_be_stale=not names_people, now=now)
    return response


def for_everyone(fresh_until: datetime | None, *, may_be_stale: bool, now: datetime) -> str:
    """Writes the Cache-Control of a public page: shared for a minute, or for what is left until `fresh_until`.

    One that `may_be_stale` is shown for a while longer by a cache that is asking for the next.
    """
    seconds = SHARED_SECONDS
    if fresh_until is not None:
        seconds = max(0, min(seconds, int((fresh_until - now).total_seconds())))
    stale = f", {STALE}=600" if may_be_stale and seconds == SHARED_SECONDS else ""
    return f"public, max-age=0, s-maxage={seconds}{stale}"


def personal(response: Response) -> Response:
    """Marks a page as one person's: it is kept nowhere and listed nowhere."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
