"""Looking at side effects that wait, and calling one off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership.outbox.models import OutboxRow
from membership.outbox.rows import end


def waiting_payload(session: Session, kind: str, key: str) -> Mapping[str, Any] | None:
    """Returns what a side effect that waits carries; `None` if it is done, called off, or was never there."""
    waits = (OutboxRow.kind == kind, OutboxRow.key == key, OutboxRow.done_at.is_(None))
    return session.scalar(select(OutboxRow.payload).where(*waits))


def take_waiting(session: Session, kind: str, key: str, *, now: datetime) -> Mapping[str, Any] | None:
    """Calls a side effect off that waits and returns what it carried; of two callers at once, one gets it."""
    waits = select(OutboxRow).where(OutboxRow.kind == kind, OutboxRow.key == key).with_for_update()
    row = session.scalar(waits, execution_options={"populate_existing": True})
    if row is None or row.done_at is not None:
        return None
    carried = dict(row.payload)
    end(row, now=now)
    return carried


def call_off(session: Session, kind: str, prefix: str, *, now: datetime) -> None:
    """Calls off whatever waits of a kind under keys that begin with `prefix`, and erases what it carried."""
    waits = (OutboxRow.kind == kind, OutboxRow.key.startswith(prefix, autoescape=True), OutboxRow.done_at.is_(None))
    gone = {"done_at": now, "payload": {}, "last_error": None, "claimed_by": None, "claimed_until": None}
    session.execute(update(OutboxRow).where(*waits).values(gone), execution_options={"synchronize_session": False})


def first_done_at(session: Session, kind: str, prefix: str) -> datetime | None:
    """Says when the first side effect of a kind under keys that begin with `prefix` was carried out, if one was."""
    theirs = (OutboxRow.kind == kind, OutboxRow.key.startswith(prefix, autoescape=True))
    return session.scalar(select(func.min(OutboxRow.done_at)).where(*theirs))


def count_since(session: Session, kind: str, prefix: str, *, since: datetime) -> int:
    """Counts the side effects of a kind, done or not, under keys that begin with `prefix`, written after `since`."""
    theirs = (OutboxRow.kind == kind, OutboxRow.key.startswith(prefix, autoescape=True), OutboxRow.created_at > since)
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*theirs)) or 0
