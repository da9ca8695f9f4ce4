"""One request over HTTP, and what came of it; a process that was just killed answers nothing."""

import http.client
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tests.processes.alive import ADDRESS

PATIENCE_SECONDS = 40


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is 0 if nobody answered: the process died, or is not there yet."""

    status: int
    text: str = ""
    location: str = ""
    seconds: float = 0.0


class Line:
    """A connection to one port that is kept open, for one thread, and made anew when the other end has died."""

    def __init__(self, port: int, *, seconds: float = PATIENCE_SECONDS) -> None:
        self._connection = http.client.HTTPConnection(ADDRESS, port, timeout=seconds)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Asks once; `Answer.status` is 0 if the connection broke, whatever was done before it did."""
        begun = time.monotonic()
        try:
            self._connection.request(method, path, body, dict(headers or {}))
            came = self._connection.getresponse()
            text = came.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer(0, seconds=time.monotonic() - begun)
        return Answer(came.status, text, came.headers.get("Location", ""), time.monotonic() - begun)

    def open(self) -> None:
        """Connects already, so that asking begins at once."""
        self._connection.connect()

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()


class Lines:
    """A line to each port for each thread that asks; all are closed at the end of the block."""

    def __init__(self) -> None:
        self._opened: dict[tuple[int, int], Line] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._opened.values():
            line.close()

    def to(self, port: int) -> Line:
        """Returns the line of this thread to a port."""
        return self._opened.setdefault((threading.get_ident(), port), Line(port))


def ask_once(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    seconds: float = PATIENCE_SECONDS,
) -> Answer:
    """Asks on a connection of its own, and waits at most so many seconds."""
    line = Line(port, seconds=seconds)
    try:
        return line.ask(method, path, body, headers)
    finally:
        line.close()
