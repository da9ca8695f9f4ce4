"""The audit log shows every later change, and cannot fork."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from membership.accounts.audit import BrokenChain, hash_of, record, verify_chain
from membership.accounts.models import AuditEntry
from membership.accounts.roles import grant, roles_of
from membership.db import Database, transaction
from tests.accounts.doors import person


def write(session: Session, *acts: str, now: datetime) -> None:
    with transaction(session):
        for act in acts:
            record(session, act, "topic", "power-grid", actor_id=None, fields=("title",), now=now)


def test_an_empty_log_is_whole(session: Session) -> None:
    assert verify_chain(session) == 0


def test_entries_follow_from_each_other(session: Session, now: datetime) -> None:
    write(session, "shortlisted", "declined", now=now)
    write(session, "opened", now=now)
    assert verify_chain(session) == 3
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.previous_hash for entry in entries] == ["", entries[0].hash, entries[1].hash]


@pytest.mark.parametrize("change", [update(AuditEntry).values(act="nothing"), delete(AuditEntry)])
def test_the_database_refuses_to_change_an_entry(session: Session, now: datetime, change: object) -> None:
    write(session, "shortlisted", now=now)
    with pytest.raises(DatabaseError, match="facts"), transaction(session):
        session.execute(change)  # type: ignore[call-overload]  # an update or a delete
    assert verify_chain(session) == 1


@pytest.mark.parametrize("column", ["act", "subject_id", "previous_hash", "hash"])
def test_a_change_past_the_triggers_is_seen(session: Session, now: datetime, column: str) -> None:
    write(session, "shortlisted", "declined", "opened", now=now)
    second = session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()[1]
    with transaction(session):
        session.execute(text(_without_trigger(session)))
        session.execute(text(f"UPDATE audit_entries SET {column} = 'forged' WHERE id = {second}"))  # noqa: S608 - ours
    with pytest.raises(BrokenChain, match=str(second)):
        verify_chain(session)


def test_an_entry_put_in_later_is_seen(session: Session, now: datetime) -> None:
    write(session, "shortlisted", "declined", now=now)
    with transaction(session):
        forged = AuditEntry(
            at=now, act="opened", subject_kind="topic", subject_id="x", fields=[], previous_hash="invented"
        )
        forged.hash = hash_of(forged)
        session.add(forged)
    with pytest.raises(BrokenChain):
        verify_chain(session)


def test_two_writers_at_once_do_not_fork_the_chain(database: Database, now: datetime) -> None:
    together = Barrier(2)

    def write_ten(name: str) -> None:
        with database.session() as session:
            together.wait()
            for number in range(10):
                write(session, f"{name} {number}", now=now)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_ten, ("one", "other")))
    with database.session() as session:
        assert verify_chain(session) == 20


def test_a_role_is_granted_once_and_logged_without_the_address(database: Database, now: datetime) -> None:
    admin = person(database, "admin@example.org", "admin", now=now)
    editor = person(database, "editor@example.org", now=now)
    with database.session() as session:
        with transaction(session):
            assert grant(session, editor, "editor", by=admin, now=now)
            assert not grant(session, editor, "editor", by=admin, now=now)
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert roles_of(session, editor.id) == {"editor"}
        assert (entry.act, entry.subject_id, entry.actor_id) == ("granted editor", editor.reference, admin.id)
        assert verify_chain(session) == 2


def _without_trigger(session: Session) -> str:
    if session.get_bind().dialect.name == "sqlite":
        return "DROP TRIGGER audit_entries_refuses_update"
    return "SET LOCAL session_replication_role = replica"
