"""Processes that can be killed and started again under the same name, and are all ended by their ids."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from membership.settings import ROOT

GRACE_SECONDS = 10


@dataclass
class Process:
    """`python <command>` in a session of its own; what it says goes through `log`, a pipe that no full disk stops."""

    command: tuple[str, ...]
    environ: Mapping[str, str]
    log: int
    popen: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Starts it, or starts it again."""
        self.popen = subprocess.Popen(  # noqa: S603 - our own commands
            (sys.executable, *self.command),
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def kill(self) -> None:
        """Ends it with all that it started, at once and without a word, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def ask_to_end(self) -> None:
        """Asks it to end."""
        self.popen.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Waits until it has ended, and kills what is left of it."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(GRACE_SECONDS)
        self.kill()


@contextmanager
def logged_to(path: Path) -> Iterator[int]:
    """Yields a pipe whose other end is a file, for the output of many processes."""
    with path.open("wb") as file:
        cat = subprocess.Popen(("cat",), stdin=subprocess.PIPE, stdout=file)  # noqa: S607 - wherever cat lies
    assert cat.stdin is not None
    try:
        yield cat.stdin.fileno()
    finally:
        cat.stdin.close()
        cat.wait(GRACE_SECONDS)
