"""The database as it is, read by plain SQL on a connection of its own: the check trusts nothing of the app."""

import sqlite3
from contextlib import closing
from typing import Any

import psycopg
from sqlalchemy.engine import make_url


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Returns what a SELECT finds."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(f"file:{target.database}?mode=ro", uri=True, timeout=20)) as connection:
            return connection.execute(sql).fetchall()
    plain = target.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True, connect_timeout=5) as session:
        return session.execute(sql).fetchall()


def count(url: str, what: str) -> int:
    """Counts the rows of `what`: a table, and perhaps a condition."""
    return int(rows(url, f"SELECT count(*) FROM {what}")[0][0])  # noqa: S608 - our own words
