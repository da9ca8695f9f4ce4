"""What many acts change, held in memory until their transaction ends: each object is then written once."""

import heapq
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

# What is made in this batch falls due after what is older, as it would by its row's number.
NEWER = 2**62


@dataclass(frozen=True)
class Due:
    """Something whose time has come."""

    id: str
    kind: str
    at: int


@dataclass(frozen=True)
class Change:
    """An object as it was put last, as it will be written. `hidden` is None where what is hidden stays as it is."""

    body: str
    kind: str
    created: int
    due_at: int | None
    hidden: str | None
    facets: frozenset[tuple[str, str]]


class Batch:
    """The changes that are not written yet, what was read beside them, and the queue of what is due meanwhile."""

    def __init__(self) -> None:
        self.changes: dict[str, Change] = {}
        self.seen: dict[str, str] = {}
        self.until: int | None = None
        self._due_now: dict[str, int | None] = {}
        self._queue: list[tuple[int, int, str, str]] = []
        self._order: dict[str, int] = {}
        self._newer = count(NEWER)

    def put(self, object_id: str, change: Change) -> None:
        """Remembers an object as it is at this moment."""
        former = self.changes.get(object_id)
        if change.hidden is None and former is not None:
            change = replace(change, hidden=former.hidden)
        self.changes[object_id] = change
        self.seen.pop(object_id, None)
        self._due_now[object_id] = change.due_at
        if change.due_at is not None and self.until is not None and change.due_at <= self.until:
            order = self._order.setdefault(object_id, next(self._newer))
            heapq.heappush(self._queue, (change.due_at, order, object_id, change.kind))

    def take(self) -> dict[str, Change]:
        """Returns the changes and forgets them, and what was seen: they are being written."""
        changes, self.changes = self.changes, {}
        self.seen.clear()
        return changes

    def look_ahead(self, until: int, rows: Iterable[sqlite3.Row]) -> None:
        """Takes in what is due up to `until`; the rows are those of the file, nothing being unwritten."""
        self.until = until
        self._due_now.clear()
        self._order = {row["id"]: row["seq"] for row in rows}
        self._queue = [(row["due_at"], row["seq"], row["id"], row["kind"]) for row in rows]
        heapq.heapify(self._queue)

    def next_due(self) -> Due | None:
        """Returns what falls due first, up to the time that was looked ahead to."""
        while self._queue:
            at, _, object_id, kind = self._queue[0]
            if self._due_now.get(object_id, at) == at:
                return Due(object_id, kind, at)
            heapq.heappop(self._queue)
        return None
