"""The loop of a worker: asks each of its rounds for work, and rests only when none had any."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Event

import structlog
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.db import Database, transaction
from membership.outbox.periodic import Every, take_run
from membership.outbox.rows import Task, claim, finish, hold, postpone

REST_SECONDS = 0.5
BATCH = 20

log = structlog.get_logger()

Carry = Callable[[Task], object]
Round = Callable[[], int]


def name_of_this_worker() -> str:
    """Names this process, for claims and logs."""
    return f"{socket.gethostname()}:{os.getpid()}"


def run(rounds: Sequence[Round], *, stopping: Event) -> None:
    """Runs until `stopping` is set. A round returns how many things it handled; its errors are logged, not fatal."""
    while not stopping.is_set():
        handled = sum(_run_round(each) for each in rounds)
        if not handled:
            stopping.wait(REST_SECONDS)


def _run_round(each: Round) -> int:
    try:
        return each()
    except Exception:  # the edge of the worker: one bad round must not end the others
        log.exception("worker.round_failed")
        return 0


def carry_out(database: Database, tasks: Mapping[str, Carry], clock: Clock) -> int:
    """Claims the side effects that are due and carries each out, without a transaction open meanwhile.

    Returns how many were claimed. A failed one waits and is tried again.
    """
    worker = name_of_this_worker()
    with database.session() as session:
        with transaction(session):
            claimed = claim(session, worker, limit=BATCH, now=clock.now())
        for task in claimed:
            with transaction(session):
                is_held = hold(session, task, now=clock.now())
            if not is_held:
                continue
            error = _try(tasks, task)
            with transaction(session):
                _settle(session, task, error, now=clock.now())
    return len(claimed)


def _try(tasks: Mapping[str, Carry], task: Task) -> str | None:
    try:
        tasks[task.kind](task)
    except Exception as error:  # the edge of the worker: the row keeps the reason
        log.exception("outbox.failed", kind=task.kind, key=task.key)
        return f"{type(error).__name__}: {error}"
    return None


def _settle(session: Session, task: Task, error: str | None, *, now: datetime) -> None:
    if error is None:
        finish(session, task, now=now)
    else:
        postpone(session, task, error, now=now)


def come_round(database: Database, periodic: Mapping[str, tuple[Every, Callable[[], object]]], clock: Clock) -> int:
    """Runs each periodic task whose time has come; returns how many ran."""
    ran = 0
    for name, (every, act) in periodic.items():
        with database.session() as session, transaction(session):
            taken = take_run(session, name, every, now=clock.now())
        if taken:
            act()
            ran += 1
    return ran
