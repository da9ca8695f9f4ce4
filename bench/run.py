"""`make bench`: takes every figure beside bare Flask, prints the table, ends what it started."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import click

from bench import manuscripts, newsroom, wrk
from bench.figures import FIGURES, ROUNDS, Bench, Figure, Found
from bench.processes import Failed, serving
from bench.serve import WORKERS
from membership.serving import BLOCKING_THREADS
from membership.stripe_sandbox.server import running
from tests.databases import create_postgresql, postgresql_server

# Load average for each core, before anything is started here.
BUSY_SHARE = 0.5
LINE = "{:<36}{:>14}{:>12}{:>9}{:>9}{:>11}  {}"


@click.command()
@click.option("--seconds", type=click.IntRange(1, 60), default=3, show_default=True, help="Of load in each round.")
@click.option("--only", multiple=True, metavar="TEXT", help="Figures with this in their name; may be given again.")
@click.option("--strict", is_flag=True, help="Exit 1 if a figure misses its bound.")
def main(seconds: int, only: tuple[str, ...], strict: bool) -> None:
    """Measures rates beside bare Flask with wrk, the memory of a worker, and the start."""
    if not wrk.is_there():
        raise click.ClickException("make bench needs wrk. Run `apt-get install wrk` and start it again.")
    signal.signal(signal.SIGTERM, _stop)
    click.echo(
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.2f}. Each server: {WORKERS} worker process with "
        f"{BLOCKING_THREADS} blocking threads. wrk: {wrk.THREADS} thread, {wrk.CONNECTIONS} connections; "
        f"median of {ROUNDS} rounds of {seconds} s, each beside one of hello."
    )
    if os.getloadavg()[0] > BUSY_SHARE * (os.cpu_count() or 1):
        click.echo("The machine is busy with other things: repeat what misses its bound when it is calm.")
    wanted = [each for each in FIGURES if not only or any(text in each.name for text in only)]
    try:
        with _standing(seconds) as bench:
            taken = [(figure, figure.take(bench)) for figure in wanted]
    except Failed as error:
        raise click.ClickException(str(error)) from error
    _print(taken)
    sys.exit(1 if strict and not all(figure.holds(found) for figure, found in taken) else 0)


@contextmanager
def _standing(seconds: int) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="membership-bench-") as temporary,
        running(state=Path(temporary) / "sandbox.db", clock=Path(temporary) / "clock", deliver=False) as sandbox,
        postgresql_server() as postgresql,
    ):
        folder = Path(temporary)
        slugs = manuscripts.write(folder / "articles")
        databases = {"sqlite": f"sqlite:///{folder / 'bench.db'}", "postgresql": create_postgresql(postgresql)}
        made = {
            name: newsroom.make(folder / name, url, sandbox.url, folder / "articles", slugs)
            for name, url in databases.items()
        }
        with serving("bench.hello:create_app", made["sqlite"].environ, folder / "hello.log") as hello:
            fresh = partial(create_postgresql, postgresql)
            yield Bench(folder, seconds, hello, **made, fresh_postgresql=fresh, say=click.echo)


def _print(taken: list[tuple[Figure, Found]]) -> None:
    heads = ("figure", "found", "bound", "req/s", "hello/s", "processes")
    click.echo(LINE.format(*heads, ""))
    for figure, found in taken:
        click.echo(
            LINE.format(
                figure.name,
                f"{found.value:.3g} {found.unit}",
                f"{'≤' if figure.at_most else '≥'} {figure.bound:g}",
                *("" if rate is None else f"{rate:,.0f}" for rate in (found.rate, found.hello_rate)),
                found.processes,
                "pass" if figure.holds(found) else "MISS",
            )
        )


def _stop(_number: int, _frame: FrameType | None) -> None:
    # So that every `with` ends what it began.
    sys.exit(1)


if __name__ == "__main__":
    main()
