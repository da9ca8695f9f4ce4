"""What machines ask of the process: does it answer, can it work, what waits."""

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.outbox.rows import enqueue

FROM_OUTSIDE = {"REMOTE_ADDR": "192.0.2.7"}


def test_healthz_answers_without_a_database(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "database", None)

    answer = app.test_client().get("/healthz")

    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ok\n")


def test_a_process_that_can_work_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json() == {
        "ready": True,
        "database": "answers",
        "migrations": "at head",
        "oldest_event_seconds": None,
        "oldest_side_effect_seconds": None,
        "alarms": {},
    }


def test_how_long_the_oldest_side_effect_waits_is_told(
    client: FlaskClient, database: Database, clock: SteppedClock, now: datetime
) -> None:
    with database.session() as session, transaction(session):
        enqueue(session, "receipt", "one", {}, now=now)
        enqueue(session, "receipt", "two", {}, now=now, due_at=now + timedelta(hours=1))
    clock.advance(timedelta(seconds=90))

    assert client.get("/readyz").get_json()["oldest_side_effect_seconds"] == 90


def test_a_database_that_was_not_migrated_is_not_ready(client: FlaskClient, database: Database) -> None:
    with database.session() as session, transaction(session):
        revision = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        answer = client.get("/readyz")
    finally:
        with database.session() as session, transaction(session):
            session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    assert answer.status_code == 503
    assert answer.get_json()["migrations"].startswith("at older")


def test_a_database_that_is_away_is_not_ready(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setitem(app.extensions, "database", away)

    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json() == {"ready": False, "database": "does not answer"}
    away.close()


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_behind_a_proxy_that_is_not_trusted_everyone_is_a_stranger(client: FlaskClient, header: str) -> None:
    assert client.get("/readyz", headers={header: "for=127.0.0.1"}).text == "ready\n"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_strangers_hear_one_word(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, environ_overrides=FROM_OUTSIDE)

    said = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert said in ("ok\n", "ready\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(said)
