"""Dropping side effects that wait: what was to be sent to somebody who is erased."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.outbox.models import OutboxRow


def drop_naming(session: Session, names: Iterable[str], *, now: datetime) -> int:
    """Marks what waits as done if one of these texts stands in its payload, and erases that; returns how many it was.

    Only a whole value counts: one address may be a part of another's. In the caller's transaction.
    """
    wanted = {name.casefold() for name in names if name}
    waiting = select(OutboxRow).where(OutboxRow.done_at.is_(None)).order_by(OutboxRow.id).with_for_update()
    dropped = 0
    for row in session.scalars(waiting, execution_options={"populate_existing": True}):
        if wanted.intersection(text.casefold() for text in _texts(row.payload)):
            row.done_at, row.payload, row.last_error = now, {}, None
            row.claimed_by = row.claimed_until = None
            dropped += 1
    return dropped


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
