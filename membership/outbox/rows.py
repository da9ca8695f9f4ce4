"""Writing a side effect beside its cause, claiming it, and telling how it went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from membership.db import insert_ignore, locked
from membership.masking import masked
from membership.outbox.models import OutboxRow

CLAIM = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=6)
LONGEST_ERROR = 200


@dataclass(frozen=True)
class Task:
    """A claimed side effect: what it is and what it needs. `due_at` and `worker` tell whether the claim still holds."""

    id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    due_at: datetime
    worker: str


def enqueue(
    session: Session,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    due_at: datetime | None = None,
) -> bool:
    """Adds a side effect to the caller's transaction; a second one of the same kind and key is ignored.

    Returns whether it was added. `payload` must be JSON; it is erased once the effect is done.
    """
    return insert_ignore(
        session,
        OutboxRow,
        kind=kind,
        key=key,
        payload=dict(payload),
        created_at=now,
        due_at=due_at or now,
        tries=0,
    )


def put_off(
    session: Session, kind: str, key: str, payload: Mapping[str, Any], *, due_at: datetime, now: datetime
) -> None:
    """Adds a side effect, or moves the one of this kind and key to `due_at`, even if it was carried out before."""
    if enqueue(session, kind, key, payload, now=now, due_at=due_at):
        return
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.kind == kind, OutboxRow.key == key)
        .values(
            payload=dict(payload),
            due_at=due_at,
            done_at=None,
            tries=0,
            last_error=None,
            # Whoever is carrying it out now does so with what was; it is to be done again.
            claimed_by=None,
            claimed_until=None,
        )
    )


def hasten(session: Session, kind: str, key: str, *, now: datetime) -> None:
    """Makes a side effect that was to wait due now; one that is done, or not there, is left alone."""
    waiting = (OutboxRow.kind == kind, OutboxRow.key == key, OutboxRow.done_at.is_(None), OutboxRow.due_at > now)
    session.execute(update(OutboxRow).where(*waiting).values(due_at=now))


def claim(session: Session, worker: str, *, limit: int, now: datetime) -> list[Task]:
    """Takes up to `limit` due side effects for `worker`; a claim that is not kept expires after two minutes."""
    due = (
        select(OutboxRow)
        .where(
            OutboxRow.done_at.is_(None),
            OutboxRow.due_at <= now,
            or_(OutboxRow.claimed_until.is_(None), OutboxRow.claimed_until < now),
        )
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(due))
    for row in rows:
        row.claimed_by, row.claimed_until = worker, now + CLAIM
        row.tries += 1
    return [Task(row.id, row.kind, row.key, dict(row.payload), row.due_at, worker) for row in rows]


def hold(session: Session, task: Task, *, now: datetime) -> bool:
    """Renews the claim just before the act; `False` if it ran out meanwhile, or if the effect was put off."""
    row = _claimed(session, task)
    if row is None:
        return False
    row.claimed_until = now + CLAIM
    return True


def finish(session: Session, task: Task, *, now: datetime) -> None:
    """Marks a side effect as done and erases what it carried; one that was put off meanwhile is still to be done."""
    row = _claimed(session, task)
    if row is None:
        return
    end(row, now=now)


def end(row: OutboxRow, *, now: datetime) -> None:
    """Writes down that a side effect is over, and erases what it carried; the caller holds the row."""
    row.done_at, row.payload, row.claimed_by, row.claimed_until, row.last_error = now, {}, None, None, None


def postpone(session: Session, task: Task, error: str, *, now: datetime) -> None:
    """Gives a side effect back after a failure, to be tried again with a growing wait."""
    row = _claimed(session, task)
    if row is None:
        return
    row.claimed_by = row.claimed_until = None
    row.last_error = masked(error)[:LONGEST_ERROR]
    row.due_at = now + wait_after(row.tries)


def _claimed(session: Session, task: Task) -> OutboxRow | None:
    row = locked(session, OutboxRow, task.id)
    still_ours = row is not None and row.done_at is None and (row.claimed_by, row.due_at) == (task.worker, task.due_at)
    return row if still_ours else None


def wait_after(tries: int) -> timedelta:
    """Says how long to wait after `tries` failures: 15 s, 30 s, 1 min, …, at most 6 hours."""
    doublings = min(max(tries - 1, 0), 20)
    return min(timedelta(seconds=15) * (1 << doublings), LONGEST_WAIT)


def oldest_due_at(session: Session) -> datetime | None:
    """Returns when the oldest side effect that is not done was due; `None` if there is none."""
    return session.scalar(select(func.min(OutboxRow.due_at)).where(OutboxRow.done_at.is_(None)))
