"""Making a database again what it was, in milliseconds."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from membership.db import Database

TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"


def forgetting(database: Database, kept: Path) -> Callable[[], None]:
    """Returns what makes a database again what it is now; `kept` is where SQLite keeps a copy.

    Of tables that are not empty now PostgreSQL keeps all rows: only those that are may be written meanwhile.
    """
    if database.is_sqlite:
        path = database.engine.url.database or ""
        _copy(path, kept)
        return lambda: _copy(kept, path)
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        names = [name for (name,) in connection.execute(TABLES)]
        empty = [name for name in names if not _has_rows(connection, name)]
    return lambda: _clear(url, empty)


def _copy(source: str | Path, target: str | Path) -> None:
    with closing(sqlite3.connect(source)) as full, closing(sqlite3.connect(target)) as other:
        full.backup(other)


def _has_rows(connection: psycopg.Connection[Any], table: str) -> bool:
    return connection.execute(f"SELECT FROM {table} LIMIT 1").fetchone() is not None


def _clear(url: str, tables: list[str]) -> None:
    with psycopg.connect(url) as connection:
        # Facts refuse to be deleted, and children their parents: not in this connection.
        connection.execute("SET session_replication_role = replica")
        connection.execute("; ".join(f"DELETE FROM {table}" for table in tables))  # noqa: S608 - out of the catalogue
