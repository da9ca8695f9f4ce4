"""The worker's process: events, side effects and what comes round by the clock, until it is told to stop."""

import signal
from collections.abc import Callable
from functools import partial
from threading import Event
from types import FrameType

import click
import structlog
from flask import current_app
from flask.cli import with_appcontext

from membership.outbox.periodic import Every
from membership.outbox.worker import Round, carry_out, come_round, run
from membership.wiring import PERIODIC, ROUNDS, TASKS, Seams

log = structlog.get_logger()


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Handles events and side effects until SIGTERM or Ctrl-C."""
    stopping = Event()
    _stop_on_signals(stopping)
    log.info("worker.started")
    run(rounds_of(current_app.extensions["seams"]), stopping=stopping)
    log.info("worker.stopped")


def rounds_of(seams: Seams) -> tuple[Round, ...]:
    """Lists what a worker looks at in each turn, bound to what the process works with."""
    tasks = {kind: partial(task, seams) for kind, task in TASKS.items()}
    periodic: dict[str, tuple[Every, Callable[[], object]]] = {
        name: (every, partial(act, seams)) for name, (every, act) in PERIODIC.items()
    }
    return (
        *(partial(each, seams) for each in ROUNDS),
        partial(carry_out, seams.database, tasks, seams.clock),
        partial(come_round, seams.database, periodic, seams.clock),
    )


def _stop_on_signals(stopping: Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
