"""`python -m bench.reconciling`: how long comparing a year of payments with Stripe takes, and in how much memory."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import click
import psutil
from sqlalchemy import text

from bench import sandbox
from bench.mirroring import mirror
from bench.newsroom import WORDS, application, environ_of, named
from bench.processes import Failed, Server, flask
from membership.db import current_session, transaction
from membership.newsroom.site_version import site_id
from membership.settings import ROOT
from membership.wiring import Seams
from tests.databases import create_postgresql, postgresql_server

DAYS_AGO = 364
LOOK_EVERY_SECONDS = 0.05
MOST_SECONDS, MOST_MEBIBYTES = 360, 300
EDITS = (
    "UPDATE payments SET state = 'failed' WHERE id IN (SELECT id FROM payments ORDER BY id LIMIT 50)",
    "UPDATE pledges SET amount_minor = 1 WHERE id IN (SELECT id FROM pledges ORDER BY id LIMIT 50)",
)


@dataclass(frozen=True)
class Run:
    """One run of a command: how it exited, how long it took, of that on a core, its most memory, its last words."""

    code: int
    seconds: float
    busy_seconds: float
    mebibytes: float
    said: str


@click.command()
@click.option("--patrons", default=10_000, show_default=True, help="Each with twelve payments.")
@click.option("--differ", default=900, show_default=True, help="Payments that are not known; 100 rows more are edited.")
@click.option("--postgresql", is_flag=True)
def main(patrons: int, differ: int, *, postgresql: bool) -> None:
    """Seeds a year at the sandbox, mirrors it with gaps, and reconciles: dry, mending, and once more."""
    with _server(postgresql) as server_url, tempfile.TemporaryDirectory(prefix="membership-bench-") as temporary:
        folder = Path(temporary)
        url = create_postgresql(server_url) if server_url else f"sqlite:///{folder / 'membership.db'}"
        with sandbox.sandbox(folder, folder / "sandbox.log") as stripe:
            environ = environ_of(folder, url) | named(MODE="demo", STRIPE_API_BASE=stripe.url)
            for words in (("db", "upgrade"), ("newsroom", "load", str(WORDS))):
                flask(environ, *words)
            _prepare(environ, stripe, patrons, differ)
            _measure(environ)


@contextmanager
def _server(postgresql: bool) -> Iterator[str | None]:
    with postgresql_server() if postgresql else nullcontext() as url:
        yield url


def _prepare(environ: Mapping[str, str], stripe: Server, patrons: int, differ: int) -> None:
    with application(environ) as app:
        seams: Seams = app.extensions["seams"]
        begun = time.monotonic()
        _seed(stripe, patrons, site_id(current_session()))
        seeded = time.monotonic()
        count = mirror(seams, leave_out=differ)
        with transaction(current_session()) as session:
            for edit in EDITS:
                session.execute(text(edit))
        click.echo(f"{count} payments seeded in {seeded - begun:.0f} s, mirrored in {time.monotonic() - seeded:.0f} s")


def _seed(stripe: Server, patrons: int, site: str) -> None:
    rows = [
        {
            "email": f"patron-{number}@example.org",
            "amount_minor": 500,
            "currency": "eur",
            "interval": "month",
            "started_days_ago": DAYS_AGO,
            "metadata": {"membership_site": site, "membership_attempt": str(uuid4())},
        }
        for number in range(patrons)
    ]
    sandbox.post(stripe, "/_sandbox/seed", json.dumps({"patrons": rows}), "application/json")


def _measure(environ: Mapping[str, str]) -> None:
    reconciled = [_measured(environ, "stripe", "reconcile", "--full", *more) for more in ((), ("--apply",), ())]
    _measured(environ, "ledger", "check")
    if [run.code for run in reconciled] != [1, 0, 0]:
        raise Failed("What differs was not found, not mended, or found again.")
    if any(run.seconds > MOST_SECONDS or run.mebibytes > MOST_MEBIBYTES for run in reconciled):
        raise Failed(f"More than {MOST_SECONDS} s or {MOST_MEBIBYTES} MiB.")


def _measured(environ: Mapping[str, str], *words: str) -> Run:
    run = _run(environ, *words)
    took = f"{run.seconds:6.1f} s ({run.busy_seconds:.1f} s on a core)  {run.mebibytes:4.0f} MiB"
    click.echo(f"{' '.join(words):<34} exit {run.code}  {took}  {run.said}")
    return run


def _run(environ: Mapping[str, str], *words: str) -> Run:
    command = [sys.executable, "-m", "flask", "--app", "app", *words]
    with tempfile.TemporaryFile("w+") as output:
        begun = time.monotonic()
        process = psutil.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
        most_bytes, busy_seconds = _watched(process)
        seconds = time.monotonic() - begun
        output.seek(0)
        said = output.read().strip().splitlines()
    return Run(process.returncode, seconds, busy_seconds, most_bytes / 2**20, said[-1] if said else "")


def _watched(process: psutil.Popen) -> tuple[int, float]:
    """Looks at a process until it has ended; returns the most memory it held (bytes) and its time on a core.

    The kernel's own figure begins with what this process held when it forked.
    """
    most_bytes, busy_seconds = 0, 0.0
    while process.poll() is None:
        with suppress(psutil.Error), process.oneshot():
            times = process.cpu_times()
            most_bytes, busy_seconds = max(most_bytes, process.memory_info().rss), times.user + times.system
        time.sleep(LOOK_EVERY_SECONDS)
    return most_bytes, busy_seconds


if __name__ == "__main__":
    main()
