"""The figures: how each is taken, and the bound that it must keep."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import events, sandbox, still, votes, waiting
from bench.apps import EMPTY
from bench.newsroom import Newsroom
from bench.processes import Server, serving, wait_for_quiet
from bench.same_answers import compare
from bench.serve import WORKERS
from bench.wrk import CONNECTIONS, Counted, load
from membership.serving import BLOCKING_THREADS

ROUNDS = 3
# Events are signed before they are sent: this share of what hello answers is more than a webhook comes to.
SIGNED_SHARE = 0.5
# Members are made before they vote: this share of what hello answers is more than votes come to.
MEMBERS_SHARE = 0.15


@dataclass(frozen=True)
class Bench:
    """What stands while figures are taken: a folder, bare Flask, a newsroom on either database, a tenth signed in.

    `fresh_postgresql` makes another empty database.
    """

    folder: Path
    seconds: int
    hello: Server
    sqlite: Newsroom
    postgresql: Newsroom
    fresh_postgresql: Callable[[], str]
    say: Callable[[str], None]

    def log(self, name: str) -> Path:
        """Names the file for the log of a process."""
        return self.folder / f"{name}.log"


@dataclass(frozen=True)
class Found:
    """What was measured: `value` in `unit`, and for rates the median of requests a second, of hello too."""

    value: float
    unit: str
    processes: str
    rate: float | None = None
    hello_rate: float | None = None


@dataclass(frozen=True)
class Figure:
    """A figure, how it is taken, and the bound that it must keep: a floor, or a ceiling if `at_most`."""

    name: str
    bound: float
    take: Callable[[Bench], Found]
    at_most: bool = False

    def holds(self, found: Found) -> bool:
        """Says whether the bound is kept."""
        return found.value <= self.bound if self.at_most else found.value >= self.bound


def _article_from_cache(bench: Bench) -> Found:
    with (
        serving("app:create_app", bench.sqlite.environ, bench.log("cached")) as cached,
        serving("bench.apps:without_page_cache", bench.sqlite.environ, bench.log("anew")) as anew,
    ):
        compared = compare(cached, anew, bench.sqlite)
        bench.say(f"{compared} answers compared: kept pages equal pages rendered anew, with and without a cookie.")
        return _beside_hello(bench, _articles(bench, cached, bench.sqlite))


def _article_on_sqlite(bench: Bench) -> Found:
    return _article_anew(bench, bench.sqlite, "sqlite")


def _article_on_postgresql(bench: Bench) -> Found:
    return _article_anew(bench, bench.postgresql, "postgresql")


def _article_anew(bench: Bench, newsroom: Newsroom, name: str) -> Found:
    with serving("bench.apps:without_page_cache", newsroom.environ, bench.log(name)) as server:
        return _beside_hello(bench, _articles(bench, server, newsroom))


def _empty_route(bench: Bench) -> Found:
    with serving("bench.apps:with_empty_route", bench.sqlite.environ, bench.log("empty")) as server:
        return _beside_hello(bench, lambda _hello, seconds: load(server.url + EMPTY, seconds=seconds))


def _webhook(bench: Bench) -> Found:
    bodies, seen, runs = events.templates(bench.postgresql), 0, 0
    log = bench.log("webhook")

    def deliver(hello_rate: float, seconds: int) -> Counted:
        nonlocal seen, runs
        runs += 1
        count = int(hello_rate * SIGNED_SHARE * (seconds + 1))
        words = events.write(bench.folder, bodies, run=str(runs), count=count)
        counted = load(server.url, seconds=seconds, script="webhook.lua", words=words)
        seen += counted.answers
        return counted

    with serving("app:create_app", bench.postgresql.environ, log) as server:
        found = _beside_hello(bench, deliver)
        wait_for_quiet(log)
    rows = events.check_stored(bench.postgresql, log, seen=seen, cut_off=runs * CONNECTIONS)
    bench.say(f"{rows} events stored, one for each answer 200; draining.")
    begun = time.monotonic()
    ledger = events.drain(bench.postgresql)
    bench.say(f"Drained in {time.monotonic() - begun:.0f} s; the ledger is {ledger}.")
    return found


def _votes(bench: Bench) -> Found:
    election, seen, runs = votes.open_election(bench.postgresql), 0, 0
    log = bench.log("votes")

    def vote(hello_rate: float, seconds: int) -> Counted:
        nonlocal seen, runs
        runs += 1
        count = int(hello_rate * MEMBERS_SHARE * (seconds + 1))
        words = votes.write(bench.folder, election, run=str(runs), count=count)
        counted = load(server.url, seconds=seconds, script="votes.lua", words=words)
        seen += counted.answers
        return counted

    with serving("app:create_app", bench.postgresql.environ, log) as server:
        found = _beside_hello(bench, vote)
        wait_for_quiet(log)
    cast = votes.check_counted(election, log, seen=seen, cut_off=runs * CONNECTIONS)
    bench.say(f"{cast} members voted, one ballot for each answer 200; the result is what the ballots say.")
    return found


def _worker_at_rest(bench: Bench) -> Found:
    mib = still.worker_mib((bench.sqlite, bench.postgresql), bench.log("worker"))
    return Found(mib, "MiB", "1 worker")


def _start(bench: Bench) -> Found:
    return Found(still.start_seconds(bench.sqlite, bench.log("start")), "s", f"{WORKERS} x {BLOCKING_THREADS}")


def _events_on_postgresql(bench: Bench) -> Found:
    url = bench.fresh_postgresql()
    return Found(waiting.handled_a_second(bench.folder / "waiting", url, bench.log("waiting")), "/s", "1 worker")


def _events_on_sqlite(bench: Bench) -> Found:
    folder = bench.folder / "waiting-sqlite"
    url = f"sqlite:///{folder / 'membership.db'}"
    return Found(waiting.handled_a_second(folder, url, bench.log("waiting-sqlite")), "/s", "1 worker")


def _sandbox_requests(bench: Bench) -> Found:
    folder = bench.folder / "requests"
    with sandbox.sandbox(folder, bench.log("sandbox")) as server:
        load(server.url, seconds=1, script="sandbox.lua")
        rate = median(load(server.url, seconds=bench.seconds, script="sandbox.lua").rate for _ in range(ROUNDS))
    return Found(rate, "req/s", "1 process")


def _sandbox_seed(bench: Bench) -> Found:
    with sandbox.sandbox(bench.folder / "seed", bench.log("seed")) as server:
        return Found(sandbox.seed_seconds(server), "s", "1 process")


# The worker comes before the webhook: there is nothing to do yet.
FIGURES = (
    Figure("worker at rest", 130, _worker_at_rest, at_most=True),
    Figure("start to first page", 2, _start, at_most=True),
    Figure("article, from the page cache", 1.2, _article_from_cache),
    Figure("article, rendered anew, SQLite", 0.05, _article_on_sqlite),
    Figure("article, rendered anew, PostgreSQL", 0.04, _article_on_postgresql),
    Figure("empty route, all hooks", 0.28, _empty_route),
    Figure("webhook, PostgreSQL", 0.12, _webhook),
    Figure("votes of distinct members, PostgreSQL", 0.04, _votes),
    Figure("events handled a second, PostgreSQL", 120, _events_on_postgresql),
    Figure("events handled a second, SQLite", 80, _events_on_sqlite),
    Figure("sandbox, simple requests", 300, _sandbox_requests),
    Figure("sandbox, 10,000 patrons of a year", 120, _sandbox_seed, at_most=True),
)


def _articles(bench: Bench, server: Server, newsroom: Newsroom) -> Callable[[float, int], Counted]:
    slugs = bench.folder / "slugs"
    slugs.write_text("\n".join(newsroom.slugs) + "\n", "utf-8")
    words = (str(slugs), newsroom.cookie)
    return lambda _hello_rate, seconds: load(server.url, seconds=seconds, script="articles.lua", words=words)


def _beside_hello(bench: Bench, once: Callable[[float, int], Counted]) -> Found:
    """Measures hello and the figure in turn; `once` is told hello's rate, and for how many seconds to load."""
    warm = load(bench.hello.url, seconds=1)
    once(warm.rate, 1)
    rounds = []
    for _ in range(ROUNDS):
        hello = load(bench.hello.url, seconds=bench.seconds).rate
        rounds.append((once(hello, bench.seconds).rate, hello))
    # Each round is compared with the hello just before it: the machine's own speed drifts from one to the next.
    value = median(rate / hello for rate, hello in rounds)
    rate, hello_rate = (median(each) for each in zip(*rounds, strict=True))
    return Found(value, "x hello", f"{WORKERS} x {BLOCKING_THREADS}", rate, hello_rate)
