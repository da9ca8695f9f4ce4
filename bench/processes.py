"""Processes that the bench starts, and ends: servers, the worker, commands."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from membership.settings import ROOT

PATIENCE_SECONDS = 20
LOOK_EVERY_SECONDS = 0.005
QUIET_SECONDS = 0.5


class Failed(Exception):  # noqa: N818 - named for what happened
    """The bench cannot go on; the message says why."""


@dataclass(frozen=True)
class Server:
    """A server that answers on a port of 127.0.0.1 and writes its log to a file."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def flask(environ: Mapping[str, str], *words: str) -> str:
    """Runs one of the application's own commands and returns what it said."""
    command = [sys.executable, "-m", "flask", "--app", "app", *words]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise Failed(f"flask {' '.join(words[:2])} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@contextmanager
def serving(target: str, environ: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Serves the application of `target` under the flags of production for as long as the block lasts."""
    server = Server(free_port(), log)
    with started([sys.executable, "-m", "bench.serve", target, str(server.port)], environ, log) as process:
        wait_for_page(server, process, "/healthz")
        yield server


@contextmanager
def started(command: list[str], environ: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a process in a group of its own; at the end the whole group is gone."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, env=environ, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            _end(process)


def wait_for_page(server: Server, process: subprocess.Popen[bytes], path: str) -> None:
    """Waits until the server answers there, whatever it answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except OSError:
            time.sleep(LOOK_EVERY_SECONDS)
        else:
            return
        finally:
            connection.close()
    raise Failed(f"A server does not answer. It said: {server.log.read_text('utf-8')[-2000:]}")


def wait_for_quiet(log: Path) -> None:
    """Waits until a server writes nothing more to its log: it has answered all that it was asked."""
    length = -1
    while length != (length := log.stat().st_size):
        time.sleep(QUIET_SECONDS)


def free_port() -> int:
    """Finds a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        # A worker process must not outlive its server.
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
