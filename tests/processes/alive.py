"""Starting a process of ours as a person would, and asking it things."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event

from membership.settings import PREFIX, ROOT

ADDRESS = "127.0.0.1"
PATIENCE_SECONDS = 60
WITHOUT_BRAKE = ",".join(["1000000"] * 4)


def demo_environ(instance: Path, port: int, **changes: str) -> dict[str, str]:
    """Returns the environment of a demo; nothing that this machine sets for another one is in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {
        "MODE": "demo",
        "INSTANCE": str(instance),
        "SECRET_KEY": "s" * 32,
        "BASE_URL": f"http://localhost:{port}",
        "STRIPE_SECRET_KEY": "sk_test_invented",
        "STRIPE_WEBHOOK_SECRETS": "whsec_invented",
        "STRIPE_API_BASE": f"http://{ADDRESS}:1",
        # All of a test's givers share one network.
        "ATTEMPTS_AN_HOUR": WITHOUT_BRAKE,
    }
    return {**kept, **{f"{PREFIX}{name}": value for name, value in ours.items()}, **changes}


@contextmanager
def started(command: tuple[str, ...], environ: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs `python <command>` with its output in a file, and kills what is left of it at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            (sys.executable, *command), cwd=ROOT, env=environ, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(command: tuple[str, ...], environ: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs `python <command>` to its end."""
    whole = (sys.executable, *command)
    return subprocess.run(whole, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands


def answer_of(port: int, path: str) -> int | None:
    """Returns the status with which somebody answers there; `None` if nobody does."""
    connection = HTTPConnection(ADDRESS, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def until(is_so: Callable[[], object], otherwise: Callable[[], str], *, seconds: float = PATIENCE_SECONDS) -> float:
    """Looks again and again until something is so, and returns after how many seconds it was."""
    begun, pause = time.monotonic(), Event()
    while not is_so():
        assert time.monotonic() < begun + seconds, f"after {seconds} seconds: {otherwise()}"
        pause.wait(0.02)
    return time.monotonic() - begun


def free_port() -> int:
    """Finds a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port
