"""Child processes that live and end together, and leave nothing behind."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from membership.clock import monotonic

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 10
LOOK_SECONDS = 0.1


class ChildEnded(Exception):  # noqa: N818 - named for what happened
    """A child has ended though nobody asked it to. `code` is what the supervisor should exit with."""

    def __init__(self, child: "Child", code: int) -> None:
        super().__init__(f"{child.name} has ended with {code}. The end of {child.log}:\n{child.last_words()}")
        self.code = code


@dataclass(frozen=True)
class Child:
    """One child, whose output goes to a file."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def last_words(self, lines: int = 15) -> str:
        """Returns the end of what it wrote."""
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-lines:])


class Children:
    """Starts children, each in a session of its own, so that Ctrl-C reaches only the supervisor, which ends them."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []
        self._pause = Event()

    def start(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Starts a child whose output goes to `logs/<name>.log`."""
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self._logs / f"{name}.log"
        with path.open("wb") as log, _signals_held_back():
            process = subprocess.Popen(  # noqa: S603 - the commands are our own
                command,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._children.append(Child(name, process, path))

    def look(self) -> None:
        """Waits a moment. Raises `ChildEnded` if one of them has ended."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise ChildEnded(child, code if code >= 0 else 128 - code)
        self._pause.wait(LOOK_SECONDS)

    def end(self) -> None:
        """Asks every child once to end, waits ten seconds at the most, and kills what is left."""
        for child in self._children:
            child.process.send_signal(signal.SIGTERM)
        deadline = monotonic() + GRACE_SECONDS
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - monotonic()))
            # Its whole session: a server that was killed leaves processes of its own behind.
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Lets a signal wait until the child that is being started is known, so that it is ended with the others."""
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
