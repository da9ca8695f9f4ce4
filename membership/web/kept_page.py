"""A public page as it was rendered, ready to be sent: plain or compressed, whole or as "not modified"."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from gzip import compress
from hashlib import blake2b
from typing import TYPE_CHECKING

from membership.web.caching import FRESH_UNTIL, STALE, for_everyone

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Headers = list[tuple[str, str]]

# Below this, compressing costs more than it saves.
SMALLEST_TO_COMPRESS = 512
HEADER_BYTES = 2048

# The date of a kept page would be that of its rendering, and ranges of a page are not served.
_OURS = frozenset(("accept-ranges", "content-length", "date", "etag", "vary", FRESH_UNTIL.lower()))
_OF_THE_BODY = frozenset(("content-length", "content-type", "content-encoding"))
_VARY = ("Vary", "Accept-Encoding")


class Form:
    """One form of a page's body, with the headers of a whole answer and of one that says "not modified"."""

    __slots__ = ("body", "headers", "headers_if_unchanged")

    def __init__(self, body: bytes, headers: Headers) -> None:
        self.body = [body]
        self.headers = [*headers, ("Content-Length", str(len(body)))]
        self.headers_if_unchanged = [each for each in headers if each[0].lower() not in _OF_THE_BODY]


class KeptPage:
    """A public page. Its tag is weak, because both forms of the body share it."""

    __slots__ = (
        "_compressed",
        "_headers",
        "_last_modified",
        "_may_be_stale",
        "_plain",
        "etag",
        "fresh_until",
        "size",
        "turn",
        "version",
    )

    def __init__(self, headers: Headers, body: bytes, *, version: int | None = None) -> None:
        self.version = version
        self.turn = 0
        self.etag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
        self.fresh_until = _moment(headers)
        self.size = 2 * (len(body) + HEADER_BYTES)
        self._last_modified = next((value for name, value in headers if name.lower() == "last-modified"), None)
        self._may_be_stale = any(STALE in value for name, value in headers if name == "Cache-Control")
        kept = [each for each in headers if each[0].lower() not in _OURS]
        self._headers = [*kept, ("ETag", self.etag), _VARY]
        self._plain = Form(body, self._headers)
        self._compressed: Form | None = None

    def answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", *, now: datetime | None
    ) -> Iterable[bytes]:
        """Sends the page in the form that the request accepts; `now` is needed by pages with `fresh_until`."""
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        form = (self._compressed or self._compress()) if accepted and accepts_gzip(accepted) else self._plain
        if is_unchanged(environ, self.etag, self._last_modified):
            start_response("304 NOT MODIFIED", self._timed(form.headers_if_unchanged, now))
            return []
        start_response("200 OK", self._timed(form.headers, now))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else form.body

    def _compress(self) -> Form:
        # Two threads may do this at once; they arrive at the same.
        body = self._plain.body[0]
        small = compress(body, compresslevel=6, mtime=0) if len(body) >= SMALLEST_TO_COMPRESS else body
        is_worth_it = len(small) < len(body)
        self._compressed = Form(small, [*self._headers, ("Content-Encoding", "gzip")]) if is_worth_it else self._plain
        return self._compressed

    def _timed(self, headers: Headers, now: datetime | None) -> Headers:
        if self.fresh_until is None or now is None:
            return [*headers]
        control = ("Cache-Control", for_everyone(self.fresh_until, may_be_stale=self._may_be_stale, now=now))
        return [control if each[0] == "Cache-Control" else each for each in headers]


@lru_cache(maxsize=256)
def accepts_gzip(accepted: str) -> bool:
    """Reads Accept-Encoding (RFC 9110, 12.5.3): whether gzip, or anything, is accepted with a weight above 0."""
    weights: dict[str, bool] = {}
    for item in accepted.lower().split(","):
        coding, _, parameters = item.partition(";")
        weights[coding.strip()] = not _is_zero(parameters)
    return weights.get("gzip", weights.get("*", False))


def is_unchanged(environ: "WSGIEnvironment", etag: str | None, last_modified: str | None) -> bool:
    """Says whether the caller already has this page (RFC 9110, 13.2.2): by its tag, else by its date."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        return etag is not None and (tags == etag or _matches(tags, etag))
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since is None or last_modified is None:
        return False
    try:
        return parsedate_to_datetime(last_modified) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _matches(tags: str, etag: str) -> bool:
    own = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") in (own, "*") for tag in tags.split(","))


def _is_zero(parameters: str) -> bool:
    name, _, value = parameters.strip().partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in ("", "0.", ".")


def _moment(headers: Headers) -> datetime | None:
    text = next((value for name, value in headers if name == FRESH_UNTIL), None)
    return None if text is None else datetime.fromisoformat(text)
