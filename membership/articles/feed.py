"""The feed: the newest articles in full, as Atom (RFC 4287)."""

import re
from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, render_template
from werkzeug.http import http_date

from membership.articles import queries
from membership.db import current_session
from membership.newsroom.words import current_newsroom
from membership.web.caching import public
from membership.web.current import current_settings, now

blueprint = Blueprint("feed", __name__)

# Atom wants a moment even of a feed in which nothing stands yet.
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)

# Sanitised HTML has double quotes around attributes and no bare `<` in text.
_OWN_ADDRESS = re.compile(r'(<(?:a|img)\b(?:\s+[a-z-]+="[^"]*")*?\s+(?:href|src)=")/(?!/)')


@blueprint.get("/feed.xml")
def feed() -> Response:
    moment, newsroom, base_url = now(), current_newsroom(), current_settings().base_url
    session = current_session()
    entries = queries.newest_in_full(session, language=newsroom.language, now=moment)
    updated_at = max((entry.updated_at for entry in entries), default=_NEVER)
    page = render_template(
        "articles/feed.xml",
        base_url=base_url,
        updated_at=updated_at,
        entries=[(entry, absolute(entry.body, base_url)) for entry in entries],
    )
    response = make_response(page)
    response.mimetype = "application/atom+xml"
    response.headers["Last-Modified"] = http_date(updated_at)
    due = queries.next_due(session, language=newsroom.language, now=moment)
    return public(response, now=moment, fresh_until=due)


def absolute(html: str, base_url: str) -> str:
    """Completes the addresses of links and pictures on this site: a feed is read elsewhere."""
    return _OWN_ADDRESS.sub(rf"\g<1>{base_url}/", html)
