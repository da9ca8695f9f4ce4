"""`worker`: a process that does what is due, takes little room, and ends when it is told to."""

import signal
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from membership.clock import SystemClock
from membership.db import Database, transaction
from membership.outbox.models import OutboxRow
from membership.outbox.rows import enqueue
from tests.processes.alive import demo_environ, started, until

WORKER = ("-m", "flask", "--app", "app", "worker")
MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_side_effects_are_carried_out_until_a_signal(
    number: signal.Signals, database: Database, database_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    now = SystemClock().now()
    expires_at = (now + timedelta(minutes=10)).isoformat()
    payload = {"email": "anna@example.org", "code": "123456", "token": "a", "expires_at": expires_at}
    with database.session() as session, transaction(session):
        enqueue(session, "sign_in", "one", payload, now=now)

    environ = demo_environ(tmp_path, 8000, MEMBERSHIP_DATABASE_URL=database_url)
    with started(WORKER, environ, log) as process:
        until(lambda: _is_done(database), log.read_text)
        process.send_signal(number)

        assert process.wait(10) == 0
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
    assert "anna" not in log.read_text()


def test_a_worker_at_rest_takes_at_most_130_mebibytes(database: Database, database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"

    environ = demo_environ(tmp_path, 8000, MEMBERSHIP_DATABASE_URL=database_url)
    with started(WORKER, environ, log) as process:
        until(lambda: "worker.started" in log.read_text(), log.read_text)

        assert psutil.Process(process.pid).memory_info().rss <= 130 * MEBIBYTE


def _is_done(database: Database) -> bool:
    with database.session() as session:
        return bool(session.query(OutboxRow).filter(OutboxRow.done_at.is_not(None)).count())
