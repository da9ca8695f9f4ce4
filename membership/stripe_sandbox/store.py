"""The sandbox's state: one SQLite file, Stripe objects as JSON rows, and the few questions asked of them."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from membership.stripe_sandbox.shapes import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    due_at INTEGER,
    body TEXT NOT NULL,
    hidden TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, created, seq);
CREATE INDEX IF NOT EXISTS objects_by_due ON objects (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS facets (
    kind TEXT NOT NULL, path TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (kind, path, value, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS facets_by_id ON facets (id);
CREATE TABLE IF NOT EXISTS balance_lines (
    id TEXT PRIMARY KEY, currency TEXT NOT NULL, net INTEGER NOT NULL, available_on INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotency_keys (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL, type TEXT NOT NULL, endpoint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'delivered', 'failed')),
    tries INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER NOT NULL, next_at INTEGER NOT NULL, last_at INTEGER,
    answer TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
"""

# Paths by which objects are looked up and lists are filtered.
FACETS = {
    "balance_transaction": ("currency", "source", "type"),
    "charge": ("customer", "payment_intent"),
    "checkout.session": ("customer", "customer_details.email", "payment_intent", "status", "subscription"),
    "event": ("type",),
    "invoice": ("customer", "parent.subscription_details.subscription", "status"),
    "invoice_payment": ("invoice", "payment.payment_intent", "status"),
    "product": ("active", "id"),
    "refund": ("charge", "payment_intent"),
    "subscription": ("customer", "status"),
}


@dataclass(frozen=True)
class Due:
    """Something whose time has come."""

    id: str
    kind: str
    at: int


class Store:
    """Keeps the state. One connection behind one lock: every write is short, and Stripe's order is kept."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")  # a demo may lose its last second when the power fails
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Closes the file; nothing may be asked afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes everything inside happen wholly or not at all. One at a time; not to be nested."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Runs one statement and returns its rows; for the tables that hold no Stripe objects."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def put(self, body: Json, *, due_at: int | None = None, hidden: Json | None = None) -> Json:
        """Inserts an object, or replaces it with its due time; what is hidden stays unless given anew."""
        object_id, kind = body["id"], body["object"]
        self.rows(
            "INSERT INTO objects (id, kind, created, due_at, body, hidden) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
            "ON CONFLICT (id) DO UPDATE SET due_at = ?4, body = ?5, hidden = iif(?7, ?6, hidden)",
            object_id, kind, body.get("created", 0), due_at, json.dumps(body), json.dumps(hidden or {}),
            hidden is not None,
        )  # fmt: skip
        if kind in FACETS:
            self._put_facets(object_id, kind, body)
        return body

    def _put_facets(self, object_id: str, kind: str, body: Json) -> None:
        self.rows("DELETE FROM facets WHERE id = ?", object_id)
        for path in FACETS[kind]:
            value = value_at(body, path)
            if value is not None:
                self.rows("INSERT INTO facets VALUES (?, ?, ?, ?)", kind, path, str(value), object_id)

    def get(self, object_id: str, kind: str | None = None) -> Json | None:
        """Returns the object, or None if there is none of this id (and kind)."""
        rows = self.rows("SELECT kind, body FROM objects WHERE id = ?", object_id)
        if not rows or (kind and rows[0]["kind"] != kind):
            return None
        return _loaded(rows[0]["body"])

    def must(self, object_id: str) -> Json:
        """Returns an object that another object names. Raises LookupError if it is not there."""
        found = self.get(object_id)
        if found is None:
            raise LookupError(object_id)
        return found

    def hidden(self, object_id: str) -> Json:
        """Returns what the sandbox knows about an object and Stripe would not show."""
        rows = self.rows("SELECT hidden FROM objects WHERE id = ?", object_id)
        return _loaded(rows[0]["hidden"]) if rows else {}

    def delete(self, object_id: str) -> None:
        """Forgets an object."""
        self.rows("DELETE FROM objects WHERE id = ?", object_id)
        self.rows("DELETE FROM facets WHERE id = ?", object_id)

    def every(self, kind: str, **equal: str) -> list[Json]:
        """Returns all objects of a kind, newest first; `equal` names facets with `__` for the dot."""
        where = {path.replace("__", "."): (value,) for path, value in equal.items()}
        return self.page(kind, where, limit=-1)

    def page(
        self,
        kind: str,
        where: Mapping[str, tuple[str, ...]],
        *,
        limit: int,
        created: Iterable[tuple[str, int]] = (),
        after: str | None = None,
        before: str | None = None,
    ) -> list[Json]:
        """Returns objects newest first; with `before` those nearest above the cursor, still newest first.

        `where` maps facets to the values allowed, `created` holds pairs of comparison and time.
        """
        sql = "SELECT body FROM objects WHERE kind = ?"
        values: list[str | int] = [kind]
        for path, allowed in where.items():
            marks = ", ".join("?" * len(allowed))
            sql += f" AND id IN (SELECT id FROM facets WHERE kind = ? AND path = ? AND value IN ({marks}))"  # noqa: S608 - marks are question marks
            values += [kind, path, *allowed]
        for comparison, moment in created:
            sql += f" AND created {COMPARISONS[comparison]} ?"
            values.append(moment)
        for cursor, sign in ((after, "<"), (before, ">")):
            if cursor:
                sql += f" AND (created, seq) {sign} (SELECT created, seq FROM objects WHERE id = ?)"  # noqa: S608 - one of two constants
                values.append(cursor)
        order = "ASC" if before else "DESC"
        rows = self.rows(f"{sql} ORDER BY created {order}, seq {order} LIMIT ?", *values, limit)
        bodies = [_loaded(row["body"]) for row in rows]
        return bodies[::-1] if before else bodies

    def values(self, kind: str, path: str) -> list[str]:
        """Returns the different values of a facet."""
        rows = self.rows("SELECT DISTINCT value FROM facets WHERE kind = ? AND path = ?", kind, path)
        return [row["value"] for row in rows]

    def next_due(self, until: int) -> Due | None:
        """Returns what falls due first, up to and including `until`."""
        rows = self.rows("SELECT id, kind, due_at FROM objects WHERE due_at <= ? ORDER BY due_at, seq LIMIT 1", until)
        return Due(rows[0]["id"], rows[0]["kind"], rows[0]["due_at"]) if rows else None


COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}


def value_at(body: Json, path: str) -> Any:
    """Returns what lies at a dotted path, or None where the path ends early."""
    value: Any = body
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _loaded(text: str) -> Json:
    body: Json = json.loads(text)
    return body
