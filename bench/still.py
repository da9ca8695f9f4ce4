"""What needs no load: the memory of a worker at rest, and how long the application takes to its first page."""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psutil

from bench.newsroom import Newsroom
from bench.processes import Failed, Server, free_port, started, wait_for_page

REST_SECONDS = 10
STARTS = 3
MIB = 1024 * 1024


def worker_mib(newsrooms: Sequence[Newsroom], log: Path) -> float:
    """Lets a worker rest on each newsroom's database and returns the resident memory of the largest, in MiB."""
    command = [sys.executable, "-m", "flask", "--app", "app", "worker"]
    with ExitStack() as stack:
        workers = [stack.enter_context(started(command, each.with_sandbox, log)) for each in newsrooms]
        time.sleep(REST_SECONDS)
        if any(worker.poll() is not None for worker in workers):
            raise Failed(f"The worker has ended. It said: {log.read_text('utf-8')[-2000:]}")
        return max(_resident_bytes(worker.pid) for worker in workers) / MIB


def start_seconds(newsroom: Newsroom, log: Path) -> float:
    """Starts the application and asks for an article until it is answered; returns the median of several starts."""
    return median(_start_once(newsroom, log) for _ in range(STARTS))


def _start_once(newsroom: Newsroom, log: Path) -> float:
    server = Server(free_port(), log)
    environ = {**newsroom.environ, "MEMBERSHIP_BASE_URL": server.url}
    begun = time.monotonic()
    with started([sys.executable, "app.py"], environ, log) as process:
        wait_for_page(server, process, f"/articles/{newsroom.slugs[0]}")
        return time.monotonic() - begun


def _resident_bytes(pid: int) -> int:
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
