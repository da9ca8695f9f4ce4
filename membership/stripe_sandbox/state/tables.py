"""The tables of the sandbox's state."""

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
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request_id TEXT NOT NULL, created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotency_keys_by_age ON idempotency_keys (created);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL, type TEXT NOT NULL, endpoint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'delivered', 'failed')),
    tries INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER NOT NULL, next_at INTEGER NOT NULL, last_at INTEGER,
    answer TEXT, fault TEXT, turn INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (next_at, turn, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_sending ON deliveries (turn) WHERE state = 'sending';
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS tries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL, at INTEGER NOT NULL, signature TEXT NOT NULL, answer TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tries_by_delivery ON tries (delivery);
"""
# Counts the changes of tables that CREATE IF NOT EXISTS does not make.
VERSION = 2
