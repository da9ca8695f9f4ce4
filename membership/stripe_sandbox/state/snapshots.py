"""Snapshots: the whole state and the clock's offset under a name, in files beside the state; put back by one call."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.delivery_log import moment

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
NOTE = "CREATE TABLE IF NOT EXISTS snapshot (at INTEGER NOT NULL, shift INTEGER NOT NULL)"


class SnapshotError(ValueError):
    """A snapshot cannot be taken or put back; the words say why."""


def take(store: Store, clock: Clock, name: str) -> Json:
    """Keeps the state as it is now; an older one of this name is replaced. Raises SnapshotError for a wrong name."""
    path = _path(store, name)
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    store.copy_to(draft)
    with closing(sqlite3.connect(draft)) as copy, copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("DROP TABLE IF EXISTS snapshot")
        copy.execute(NOTE)
        copy.execute("INSERT INTO snapshot VALUES (?, ?)", (clock.now(), clock.offset()))
    draft.replace(path)
    return _shown(path)


def restore(store: Store, clock: Clock, name: str) -> Json:
    """Puts a state back, with its clock's offset. What is being delivered meanwhile is sent and not written down.

    Raises SnapshotError if there is none of this name.
    """
    path = _path(store, name)
    if not path.is_file():
        known = ", ".join(each["name"] for each in every_snapshot(store)) or "none yet"
        raise SnapshotError(f"There is no snapshot {name!r}. There are: {known}.")
    shown = _shown(path)
    with store.alone():
        store.replace_by(path)
        clock.set_to(clock.wall() + shown["offset"])
    return shown


def every_snapshot(store: Store) -> list[Json]:
    """Returns the snapshots by name: when each was taken on the sandbox's clock, and the clock's offset."""
    return [_shown(path) for path in sorted(_folder(store).glob("*.db"))]


def _shown(path: Path) -> Json:
    with closing(sqlite3.connect(path)) as copy:
        at, offset = copy.execute("SELECT at, shift FROM snapshot").fetchone()
    return {"name": path.stem, "at": at, "moment": moment(at), "offset": offset}


def _path(store: Store, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise SnapshotError(f"name must be 1 to 40 small letters, digits or hyphens, not {name!r}.")
    return _folder(store) / f"{name}.db"


def _folder(store: Store) -> Path:
    return store.path.with_name(f"{store.path.name}.snapshots")
