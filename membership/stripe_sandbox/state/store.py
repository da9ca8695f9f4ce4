"""The sandbox's state: one SQLite file, Stripe objects as JSON rows, and the few questions asked of them."""

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson

from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.batch import Batch, Change, Due
from membership.stripe_sandbox.state.facets import DELETE_FACET, FACETS_OF, INSERT_FACET, facets_of, selection
from membership.stripe_sandbox.state.tables import SCHEMA, VERSION

CACHE_KIB = 192 * 1024  # at most; ten thousand subscriptions with a past need it
CHECKPOINT_PAGES = 20_000
MOST_COPIES = 50_000
DUE = "SELECT id, kind, due_at, seq FROM objects WHERE due_at <= ?"
OBJECTS = re.compile(r"\b(objects|facets)\b")
INSERT_OBJECT = (
    "INSERT INTO objects (id, kind, created, due_at, body, hidden) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO NOTHING"
)


class Store:
    """Keeps the state. One connection behind one lock: every write is short, and Stripe's order is kept."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")  # a demo may lose its last second when the power fails
        self._connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        self._connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        self._make_tables()
        # Events from before this Unix time are made only for an endpoint that wants them.
        self.memory_begins = 0
        # Where the hosted pages lie, as whoever asked last saw it.
        self.base_url = "http://127.0.0.1:8001"
        # Counts how often another state was put in place of this one.
        self.age = 0
        self._seeder: int | None = None
        self._batch: Batch | None = None
        self._facets: dict[str, frozenset[tuple[str, str]]] = {}
        self._endpoints: list[Json] | None = None

    def _make_tables(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version < VERSION:
            for table in ("idempotency_keys", "deliveries"):
                self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        self._connection.executescript(f"{SCHEMA}; PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Closes the file; nothing may be asked afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes everything inside happen wholly or not at all. One at a time; an inner one is part of the outer."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._write_batch()
            except BaseException:
                self._connection.execute("ROLLBACK")
                self.forget_copies()
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Makes a transaction that writes each object once, when it ends, however often it is put."""
        with self._lock:
            is_outermost = self._batch is None and not self._connection.in_transaction
            if is_outermost:
                self._batch = Batch()
            try:
                with self.transaction():
                    yield
            finally:
                if is_outermost:
                    self._batch = None

    def is_writing(self) -> bool:
        """Tells whether this thread is inside of a transaction."""
        with self._lock:
            return self._connection.in_transaction

    def forget_copies(self) -> None:
        """Forgets what is kept beside the file, because the file has changed by another way than `put` and `delete`."""
        self._facets.clear()
        self._endpoints = None
        if self._batch:
            self._batch = Batch()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps every other thread out."""
        with self._lock:
            yield

    def copy_to(self, path: Path) -> None:
        """Writes the whole state into a new SQLite file."""
        with self._lock, closing(sqlite3.connect(path)) as copy:
            self._connection.backup(copy)

    def replace_by(self, path: Path) -> None:
        """Puts the state of another file in place of this one; what was being sent then waits again."""
        with self._lock, closing(sqlite3.connect(path)) as other:
            other.backup(self._connection)
            self._make_tables()
            self._connection.execute("UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'")
            self.forget_copies()
            self.memory_begins = 0
            self.age += 1

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Runs one statement and returns its rows; for the tables that hold no Stripe objects."""
        with self._lock:
            if self._batch and self._batch.changes and OBJECTS.search(sql):
                self._write_batch()
            return self._connection.execute(sql, values).fetchall()

    def put(self, body: Json, *, due_at: int | None = None, hidden: Json | None = None) -> Json:
        """Inserts an object, or replaces it with its due time; what is hidden stays unless given anew."""
        kind = body["object"]
        change = Change(
            body=encoded(body),
            kind=kind,
            created=body.get("created", 0),
            due_at=due_at,
            hidden=None if hidden is None else encoded(hidden),
            facets=facets_of(body),
        )
        with self._lock:
            if kind == "webhook_endpoint":
                self._endpoints = None
            if self._batch and self._connection.in_transaction:
                self._batch.put(body["id"], change)
            else:
                self._write(body["id"], change)
        return body

    def _write_batch(self) -> None:
        if self._batch:
            for object_id, change in self._batch.take().items():
                self._write(object_id, change)

    def _write(self, object_id: str, change: Change) -> None:
        is_known = object_id in self._facets
        is_new = not (is_known and self._update(object_id, change)) and self._insert(object_id, change)
        if not is_new and not is_known:
            self._update(object_id, change)
        self._write_facets(object_id, change, is_new=is_new)

    def _update(self, object_id: str, change: Change) -> bool:
        sql = "UPDATE objects SET due_at = ?, body = ?, hidden = coalesce(?, hidden) WHERE id = ?"
        return self._connection.execute(sql, (change.due_at, change.body, change.hidden, object_id)).rowcount > 0

    def _insert(self, object_id: str, change: Change) -> bool:
        values = (object_id, change.kind, change.created, change.due_at, change.body, change.hidden or "{}")
        return self._connection.execute(INSERT_OBJECT, values).rowcount > 0

    def _write_facets(self, object_id: str, change: Change, *, is_new: bool) -> None:
        former = frozenset() if is_new else self._facets.get(object_id)
        if former is None:
            former = frozenset((row["path"], row["value"]) for row in self._connection.execute(FACETS_OF, (object_id,)))
        for sql, facets in ((DELETE_FACET, former - change.facets), (INSERT_FACET, change.facets - former)):
            if facets:
                self._connection.executemany(sql, [(change.kind, *facet, object_id) for facet in facets])
        if len(self._facets) >= MOST_COPIES:
            self._facets.clear()
        self._facets[object_id] = change.facets

    def endpoints(self) -> list[Json]:
        """Returns the webhook endpoints, newest first; not to be changed, because they are asked for at every event."""
        if self._endpoints is None:
            self._endpoints = self.every("webhook_endpoint")
        return self._endpoints

    def get(self, object_id: str, kind: str | None = None) -> Json | None:
        """Returns the object, or None if there is none of this id (and kind)."""
        with self._lock:
            text = self._in_batch(object_id) or self._in_file(object_id)
        body = None if text is None else loaded(text)
        return None if body is None or (kind and body["object"] != kind) else body

    def _in_batch(self, object_id: str) -> str | None:
        if self._batch is None:
            return None
        change = self._batch.changes.get(object_id)
        return change.body if change else self._batch.seen.get(object_id)

    def _in_file(self, object_id: str) -> str | None:
        row = self._connection.execute("SELECT body FROM objects WHERE id = ?", (object_id,)).fetchone()
        if row is None:
            return None
        text: str = row["body"]
        if self._batch and self._connection.in_transaction:
            # One renewal asks for its customer four times.
            self._batch.seen[object_id] = text
        return text

    def must(self, object_id: str) -> Json:
        """Returns an object that another object names. Raises LookupError if it is not there."""
        found = self.get(object_id)
        if found is None:
            raise LookupError(object_id)
        return found

    def hidden(self, object_id: str) -> Json:
        """Returns what the sandbox knows about an object and Stripe would not show."""
        with self._lock:
            change = self._batch and self._batch.changes.get(object_id)
            if change and change.hidden is not None:
                return loaded(change.hidden)
            row = self._connection.execute("SELECT hidden FROM objects WHERE id = ?", (object_id,)).fetchone()
        return loaded(row["hidden"]) if row else {}

    def delete(self, object_id: str) -> None:
        """Forgets an object."""
        self.rows("DELETE FROM objects WHERE id = ?", object_id)
        self.rows("DELETE FROM facets WHERE id = ?", object_id)
        self._facets.pop(object_id, None)
        if self._batch:
            self._batch.seen.pop(object_id, None)
        self._endpoints = None

    def every(self, kind: str, **equal: str) -> list[Json]:
        """Returns all objects of a kind, newest first; `equal` names facets with `__` for the dot."""
        where = {path.replace("__", "."): (value,) for path, value in equal.items()}
        return self.page(kind, where, limit=-1)

    def ids(self, kind: str, **equal: str) -> list[str]:
        """Returns the ids of what `every` would return."""
        where = {path.replace("__", "."): (value,) for path, value in equal.items()}
        sql, values = selection("id", kind, where)
        return [row["id"] for row in self.rows(f"{sql} ORDER BY created DESC, seq DESC", *values)]

    def page(
        self,
        kind: str,
        where: Mapping[str, tuple[str, ...]],
        *,
        limit: int,
        created: Iterable[tuple[str, int]] = (),
        also: str = "",
        after: str | None = None,
        before: str | None = None,
    ) -> list[Json]:
        """Returns objects newest first; with `before` those nearest above the cursor, still newest first.

        `where` maps facets to the values allowed, `created` holds pairs of comparison and time, `also` is a further
        condition in SQL, a constant.
        """
        sql, values = selection("body", kind, where)
        if also:
            sql += f" AND {also}"
        for comparison, moment in created:
            sql += f" AND created {COMPARISONS[comparison]} ?"
            values.append(moment)
        for cursor, sign in ((after, "<"), (before, ">")):
            if cursor:
                sql += f" AND (created, seq) {sign} (SELECT created, seq FROM objects WHERE id = ?)"  # noqa: S608 - one of two constants
                values.append(cursor)
        order = "ASC" if before else "DESC"
        rows = self.rows(f"{sql} ORDER BY created {order}, seq {order} LIMIT ?", *values, limit)
        bodies = [loaded(row["body"]) for row in rows]
        return bodies[::-1] if before else bodies

    def values(self, kind: str, path: str) -> list[str]:
        """Returns the different values of a facet."""
        rows = self.rows("SELECT DISTINCT value FROM facets WHERE kind = ? AND path = ?", kind, path)
        return [row["value"] for row in rows]

    @contextmanager
    def seeding(self) -> Iterator[None]:
        """Leaves what falls due to this thread, and writes each object once a transaction, however often it is put."""
        self._seeder, self._batch = threading.get_ident(), Batch()
        try:
            yield
        finally:
            self._seeder, self._batch = None, None

    def next_due(self, until: int) -> Due | None:
        """Returns what falls due first, up to and including `until`; nothing while another thread seeds."""
        if self._seeder not in (None, threading.get_ident()):
            return None
        with self._lock:
            if self._batch and self._connection.in_transaction:
                if self._batch.until != until:
                    self._batch.look_ahead(until, self.rows(DUE, until))
                return self._batch.next_due()
            rows = self.rows(f"{DUE} ORDER BY due_at, seq LIMIT 1", until)
        return Due(rows[0]["id"], rows[0]["kind"], rows[0]["due_at"]) if rows else None

    def due_by(self, object_id: str, at: int) -> bool:
        """Makes an object fall due at a Unix time unless it does sooner; tells whether there is such an object."""
        with self._lock:
            change = self._batch and self._batch.changes.get(object_id)
            if change and change.due_at is not None and change.due_at <= at:
                return True
            row = self._connection.execute("SELECT due_at FROM objects WHERE id = ?", (object_id,)).fetchone()
            due_at = change.due_at if change else row and row["due_at"]
            if due_at is None or due_at > at:
                body = self.get(object_id)
                if body is None:
                    return False
                self.put(body, due_at=at)
        return True


COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}


def encoded(body: Json) -> str:
    """Returns the JSON of an object. Raises TypeError for what JSON cannot hold."""
    return orjson.dumps(body).decode()


def loaded(text: str) -> Json:
    """Returns the object that a JSON text holds."""
    body: Json = orjson.loads(text)
    return body
