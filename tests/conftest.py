"""What every test may ask for: a database of either kind, an application on it, a clock that can be moved."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.factory import create_app
from membership.mail.transport import ListTransport
from membership.settings import Settings
from membership.web.logs import console
from tests.compiled_once import compiled_once, one_engine
from tests.databases import create_postgresql, empty, hurried_sqlite, migrated, postgresql_server
from tests.sound_rows import plant_sound_rows, take_rules_away

pytest_plugins = ("tests.browser", "tests.completeness")

# Without this, structlog would draw every traceback with all of its locals: 15 seconds each.
structlog.configure(processors=[structlog.processors.add_log_level, console(colours=False)])

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    with hurried_sqlite(), compiled_once():
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_emptied(postgresql_url: str) -> str:
    """One migrated database for all tests of this process; each leaves it as empty as it found it."""
    return migrated(create_postgresql(postgresql_url))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Sound rows without any rules that keep them so. Tests break them and take that back (`sound_rows.broken_by`)."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("sound") / "membership.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = migrated(create_postgresql(request.getfixturevalue("postgresql_url")))
    database = Database(url)
    with database.session() as session, transaction(session):
        plant_sound_rows(session)
    take_rules_away(database)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = template.with_name("membership.db")
        shutil.copy(template, path)
        with one_engine(f"sqlite:///{path}"):
            yield f"sqlite:///{path}"
        for each in template.parent.glob("membership.db*"):
            each.unlink()
        return
    url = request.getfixturevalue("postgresql_emptied")
    with one_engine(url):
        yield url
    empty(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.session() as session:
        yield session


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW)


@pytest.fixture
def now(clock: SteppedClock) -> datetime:
    return clock.now()


@pytest.fixture
def mail() -> ListTransport:
    return ListTransport()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return demo_settings(database_url, tmp_path)


@pytest.fixture
def app(settings: Settings, clock: SteppedClock, mail: ListTransport) -> Iterator[Flask]:
    app = create_app(settings, clock=clock, mail=mail, look_every_seconds=0)
    app.testing = True
    yield app
    app.extensions["database"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser with scripts off: it sends what a browser sends from our own pages."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def demo_settings(database_url: str, instance: Path, **changes: object) -> Settings:
    """Settings of a demo on loopback, for tests."""
    values: dict[str, object] = {
        "mode": "demo",
        "database_url": database_url,
        "secret_keys": ("s" * 32,),
        "base_url": "http://localhost:8000",
        "stripe_secret_key": "sk_test_invented",
        "stripe_webhook_secrets": ("whsec_invented",),
        "stripe_api_base": "http://127.0.0.1:1",
        "mail_url": "",
        "mail_from": "Lantern <news@example.org>",
        "instance": instance,
        # All who give in a test share one network; those that are about the brake say how tight it is.
        "attempts_an_hour": (1_000_000, 1_000_000, 1_000_000, 1_000_000),
        **changes,
    }
    return Settings(**values)  # type: ignore[arg-type]  # names and types are those of Settings
