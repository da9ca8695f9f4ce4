"""Waiting until the workers have nothing left to do, whatever those who were killed had taken with them."""

import time
from datetime import UTC, datetime
from threading import Event

from tests.storms.fleet import Fleet
from tests.storms.rows import rows

LOOK_SECONDS = 0.2
# So long a worker that is alive may take for one act; what stands still for longer waits for the clock.
STILL_SECONDS = 1.2
# A claim ends after two minutes; tries that failed wait for 15 s, 30 s, a minute, …
AHEAD_SECONDS = 130
# What is due later than this is not meant for today.
SOON_SECONDS = 3600

WAITING = """
SELECT (SELECT count(*) FROM stripe_events WHERE state = 'waiting'),
       (SELECT count(*) FROM outbox WHERE done_at IS NULL AND due_at <= '{until}'),
       (SELECT coalesce(sum(tries), 0) FROM outbox WHERE done_at IS NULL)
"""
STUCK = """
SELECT 'event', type, reason FROM stripe_events WHERE state = 'waiting'
UNION ALL SELECT 'outbox', kind, last_error FROM outbox WHERE done_at IS NULL
"""
CLAIMED = "SELECT DISTINCT claimed_by FROM outbox WHERE done_at IS NULL AND claimed_by IS NOT NULL"


def settle(fleet: Fleet, *, seconds: float) -> None:
    """Waits until every event is handled and every side effect done, moving the clock on when nothing else moves."""
    deadline, pause = time.monotonic() + seconds, Event()
    seen, since = None, time.monotonic()
    while (left := _left(fleet))[:2] != (0, 0):
        assert time.monotonic() < deadline, f"after {seconds} s: {rows(fleet.url, STUCK)[:10]}\n{fleet.last_words()}"
        if left != seen:
            seen, since = left, time.monotonic()
        elif time.monotonic() > since + STILL_SECONDS and not _is_at_work(fleet):
            fleet.stripe.advance(AHEAD_SECONDS)
            since = time.monotonic()
        pause.wait(LOOK_SECONDS)


def _left(fleet: Fleet) -> tuple[int, ...]:
    until = datetime.fromtimestamp(fleet.stripe.now() + SOON_SECONDS, UTC).strftime("%Y-%m-%d %H:%M:%S")
    suffix = "" if fleet.url.startswith("sqlite") else "+00"
    return tuple(rows(fleet.url, WAITING.format(until=until + suffix))[0])


def _is_at_work(fleet: Fleet) -> bool:
    # To move the clock under a worker's claim would let another one do the same again.
    alive = {str(worker.pid) for worker in fleet.workers}
    return any(name.rpartition(":")[2] in alive for (name,) in rows(fleet.url, CLAIMED))
