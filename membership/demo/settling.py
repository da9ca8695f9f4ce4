"""Waiting until everything that was set in motion has arrived: events, syncs, letters."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from sqlalchemy.orm import Session

from membership.clock import Clock, monotonic
from membership.db import Database
from membership.demo.sandbox import flush
from membership.outbox.rows import oldest_due_at
from membership.outbox.worker import Round
from membership.payments.inbox import oldest_waiting

# A year takes ten seconds where nothing else runs, and far longer on a machine that is busy.
PATIENCE = timedelta(minutes=3)
PAUSE_SECONDS = 0.05


class NotSettled(Exception):  # noqa: N818 - said of what was waited for
    """Something does not arrive; the message says what."""


def settle(database: Database, clock: Clock, rounds: Sequence[Round], sandbox: str) -> None:
    """Helps the workers, or does their work if there are none, until nothing is due. Raises `NotSettled`.

    `rounds` is what a worker looks at in each turn; `sandbox` is where the Stripe sandbox answers.
    """
    pause = Event()
    with ThreadPoolExecutor(max_workers=1) as aside:
        delivering = aside.submit(_await_deliveries, sandbox)
        while not delivering.done():
            if not sum(each() for each in rounds):
                pause.wait(PAUSE_SECONDS)
        delivering.result()
    deadline = monotonic() + PATIENCE.total_seconds()
    while monotonic() < deadline:
        if not sum(each() for each in rounds) and not _waits(database, clock):
            return
        pause.wait(PAUSE_SECONDS)
    raise NotSettled(f"After {PATIENCE.seconds} seconds {_waits(database, clock)} still wait. See instance/logs.")


def _await_deliveries(sandbox: str) -> None:
    """Waits while the sandbox gets rid of events: it looks for ten seconds at a time, and a year may take longer."""
    before, undelivered = None, flush(sandbox)
    while undelivered and undelivered != before:
        before, undelivered = undelivered, flush(sandbox)
    if undelivered:
        raise NotSettled(f"{undelivered} events of the sandbox could not be delivered. Does the application answer?")


def _waits(database: Database, clock: Clock) -> str:
    """Names what is still to be done; empty if nothing is."""
    with database.session() as session:
        return " and ".join(name for name, is_waiting in _KINDS if is_waiting(session, clock))


def _events_wait(session: Session, _clock: Clock) -> bool:
    return oldest_waiting(session) is not None


def _effects_wait(session: Session, clock: Clock) -> bool:
    due_at = oldest_due_at(session)
    return due_at is not None and due_at <= clock.now()


_KINDS: tuple[tuple[str, Callable[[Session, Clock], bool]], ...] = (
    ("events", _events_wait),
    ("side effects", _effects_wait),
)
