"""What was promised of what rounds chose, for everybody to see: in time, late, postponed, published."""

from flask import Blueprint, Response, make_response, render_template

from membership.db import current_session
from membership.topics.promise_list import ended, next_midnight, owed
from membership.web.caching import public
from membership.web.current import now, zone

blueprint = Blueprint("promises", __name__)


@blueprint.get("/topics/promises")
def promises_page() -> Response:
    """Shows what is owed, what was published, and what was declined after it was chosen."""
    session, at = current_session(), now()
    promises = owed(session, zone=zone(), now=at)
    page = render_template(
        "topics/promises.html",
        late=[each for each in promises if each.days_late],
        in_time=[each for each in promises if not each.days_late],
        published=ended(session, "published"),
        declined=ended(session, "declined"),
    )
    return public(make_response(page), now=at, fresh_until=next_midnight(zone=zone(), now=at) if promises else None)
