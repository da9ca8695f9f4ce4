"""The outermost layer: gives each request an id and writes one log line when it is answered, cached pages included."""

import re
from collections.abc import Callable, Iterable
from random import Random
from typing import TYPE_CHECKING

import structlog

from membership.clock import perf_counter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger()

# Tokens and references travel in these paths; a log must not be a way in. They are known in every way in which a
# path may be written, whether or not anything of ours answers there.
_SECRET_PATHS = re.compile(r"(/sign-in|/links/[^/]+|/mail/unsubscribe|/support/thanks)/.+", re.DOTALL | re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")


class Observed:
    """Wraps a WSGI application. `answered` is told method, path and status of each answer, and must be quick."""

    def __init__(
        self, app: "WSGIApplication", *, quiet: bool = False, answered: Callable[[str, str, str], None] | None = None
    ) -> None:
        self._app = app
        self._quiet = quiet
        self._answered = answered
        # It names requests and guards nothing; asking the kernel each time would let go of the interpreter.
        self._random = Random()  # noqa: S311  # nosec B311

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        begun = perf_counter()
        request_id = f"{self._random.getrandbits(64):016x}"
        environ["membership.request_id"] = request_id
        status = ["000"]

        def start(line: str, headers: list[tuple[str, str]], *rest: object) -> object:
            status[0] = line[:3]
            headers.append(("X-Request-Id", request_id))
            return start_response(line, headers, *rest)  # type: ignore[arg-type]  # exc_info, passed on as it came

        body = self._app(environ, start)  # type: ignore[arg-type]  # the same shape; mypy cannot see through *rest
        if self._answered is not None:
            self._answered(environ["REQUEST_METHOD"], environ["PATH_INFO"], status[0])
        if not self._quiet:
            self._write_line(environ, status[0], perf_counter() - begun)
        return body

    def _write_line(self, environ: "WSGIEnvironment", status: str, seconds: float) -> None:
        log.info(
            "request",
            id=environ["membership.request_id"],
            method=environ.get("REQUEST_METHOD"),
            path=path_for_log(environ.get("PATH_INFO", "")),
            status=int(status),
            ms=round(seconds * 1000, 1),
        )


def path_for_log(path: str) -> str:
    """Returns the path without the secrets that some paths carry."""
    return _SECRET_PATHS.sub(r"\1/…", _SLASHES.sub("/", path))
