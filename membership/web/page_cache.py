"""A layer outside of Flask that keeps public pages and answers them again without it.

A page is kept until the site's version changes, or until the clock alone changes it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

import structlog

from membership.web.caching import FRESH_UNTIL
from membership.web.kept_page import Headers, KeptPage, is_unchanged

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger()

LARGEST_PAGE_BYTES = 1024 * 1024
LARGEST_TOTAL_BYTES = 64 * 1024 * 1024

# What a public page may ask of its query.
KNOWN = frozenset(("before", "v"))
# What newsletters and networks hang on links. No page of ours reads them, so all who come from a campaign, which is
# when a page is busiest, get the one kept page; what is unknown may mean something to a page, and is rendered anew.
IGNORED = frozenset(("fbclid", "gclid", "mc_cid", "mc_eid"))
IGNORED_PREFIX = "utm_"

# Conditions and ranges are judged here, on the whole page; inside they would give answers that cannot be kept.
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE", "HTTP_IF_RANGE")


class PageCache:
    """Wraps a WSGI application.

    `version` tells the site's version and `now` the time, both cheaply. With `stores` off, every page is rendered anew
    but leaves as a kept one would: tagged, compressed, conditional.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        version: Callable[[], int],
        now: Callable[[], datetime],
        stores: bool = True,
        largest_total_bytes: int = LARGEST_TOTAL_BYTES,
    ) -> None:
        self._app = app
        self._version = version
        self._now = now
        self._stores = stores
        self._largest_total_bytes = largest_total_bytes
        self._pages: dict[str, KeptPage] = {}
        self._pages_version = -1
        self._total_bytes = 0
        self._turn = 0
        self._lock = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method != "GET" and method != "HEAD":
            return self._app(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        if query:
            query = without_ignored(query)
        # A foreign Host is refused inside; under its own key it never finds a page.
        key = None if query is None else f"{environ.get('HTTP_HOST', '')}{environ['PATH_INFO']}?{query}"
        version = self._current_version()
        page = None if key is None else self._pages.get(key)
        if page is not None and (version is None or page.version == version):
            if page.fresh_until is None:
                page.turn = self._turn
                return page.answer(environ, start_response, now=None)
            now = self._now()
            if now < page.fresh_until:
                page.turn = self._turn
                return page.answer(environ, start_response, now=now)
        return self._render(environ, start_response, key=key, query=query, version=version)

    def _current_version(self) -> int | None:
        try:
            return self._version()
        except Exception:
            # Kept pages are still good to read while the database is away; what is not kept fails inside, as a page.
            log.exception("page_cache.version_unknown")
            return None

    def _render(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        *,
        key: str | None,
        query: str | None,
        version: int | None,
    ) -> Iterable[bytes]:
        inner = {name: value for name, value in environ.items() if name not in _CONDITIONS}
        inner["REQUEST_METHOD"] = "GET"
        if query is not None:
            inner["QUERY_STRING"] = query
        answer = _Answer()
        content = self._app(inner, answer.start)
        if not answer.is_public or answer.is_personal_by_mistake:
            return answer.pass_on(environ, start_response, content)
        if answer.is_picture:
            return answer.pass_on_unless_unchanged(environ, start_response, content)
        page = KeptPage(answer.headers, _joined(content), version=version)
        if self._stores and key is not None and version is not None and not _names_a_person(environ):
            self._keep(key, page, version)
        return page.answer(environ, start_response, now=None if page.fresh_until is None else self._now())

    def _keep(self, key: str, page: KeptPage, version: int) -> None:
        if page.size > 2 * LARGEST_PAGE_BYTES:
            return
        with self._lock:
            if version < self._pages_version:
                return
            if version > self._pages_version:
                self._pages, self._total_bytes, self._pages_version = {}, 0, version
            self._turn += 1
            page.turn = self._turn
            previous = self._pages.get(key)
            self._total_bytes += page.size - (previous.size if previous else 0)
            self._pages[key] = page
            if self._total_bytes > self._largest_total_bytes:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Drops the pages that were asked for longest ago, until a tenth of the room is free."""
        pages = dict(self._pages)
        for key, page in sorted(pages.items(), key=lambda item: item[1].turn):
            if self._total_bytes <= self._largest_total_bytes * 9 // 10:
                break
            self._total_bytes -= page.size
            del pages[key]
        self._pages = pages


class _Answer:
    """What the application answered, held back until it is known whether it is a public page."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Headers = []
        self._error: Any = None

    def start(self, status: str, headers: Headers, error: Any = None, /) -> Callable[[bytes], object]:
        self.status, self.headers, self._error = status, headers, error
        return _refuse_to_write

    @property
    def is_public(self) -> bool:
        return self.status.startswith("200") and self._value("cache-control").startswith("public")

    @property
    def is_picture(self) -> bool:
        return self._value("content-type").startswith("image/")

    @property
    def is_personal_by_mistake(self) -> bool:
        return bool(self._value("set-cookie")) or self._value("vary") not in ("", "Accept-Encoding")

    def pass_on(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", content: Iterable[bytes]
    ) -> Iterable[bytes]:
        headers = [each for each in self.headers if each[0] != FRESH_UNTIL]
        start_response(self.status, headers, self._error)
        if environ["REQUEST_METHOD"] == "HEAD":
            _close(content)
            return []
        return content

    def pass_on_unless_unchanged(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", content: Iterable[bytes]
    ) -> Iterable[bytes]:
        if not is_unchanged(environ, self._value("etag") or None, self._value("last-modified") or None):
            return self.pass_on(environ, start_response, content)
        _close(content)
        start_response("304 NOT MODIFIED", [each for each in self.headers if each[0] not in _OF_CONTENT])
        return []

    def _value(self, name: str) -> str:
        return next((value for each, value in self.headers if each.lower() == name), "")


_OF_CONTENT = ("Content-Type", "Content-Length")


def without_ignored(query: str) -> str | None:
    """Returns a query without what every page ignores; `None` if it holds what a page may not know."""
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [name for name, _ in pairs if name not in IGNORED and not name.startswith(IGNORED_PREFIX)]
    if not KNOWN.issuperset(kept):
        return None
    if len(kept) == len(pairs):
        return query
    parts = (part for part in query.split("&") if part.partition("=")[0] in KNOWN)
    return "&".join(parts)


def _names_a_person(environ: "WSGIEnvironment") -> bool:
    # Public pages are equal for everyone; should one ever fail to be, it must not be kept for others.
    return "HTTP_COOKIE" in environ or "HTTP_AUTHORIZATION" in environ


def _joined(content: Iterable[bytes]) -> bytes:
    try:
        return b"".join(content)
    finally:
        _close(content)


def _close(content: Iterable[bytes]) -> None:
    close = getattr(content, "close", None)
    if close is not None:
        cast(Callable[[], None], close)()


def _refuse_to_write(_data: bytes) -> None:
    raise RuntimeError("the application must return its body, not write it")
