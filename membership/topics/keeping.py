"""What workers do for rounds by the clock: add to rolls, seal them, close, and wipe the open ballots' traces."""

from contextlib import closing as closed_after
from typing import Protocol

from sqlalchemy import select

from membership.clock import Clock
from membership.db import Database, locked, transaction
from membership.newsroom.site_version import bump
from membership.outbox.rows import Task
from membership.topics.closing import close
from membership.topics.models import Round
from membership.topics.roll import SWEPT, join, joinable, missing, seal


class Keeping(Protocol):
    """What of the process's seams it takes to write by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


class TracesRemain(Exception):  # noqa: N818 - said of the ballots
    """Somebody still reads the database as it was before the close; the task must be tried again."""


def keep_rounds(keeping: Keeping) -> int:
    """Seals and closes every round whose time has come; returns how many things it did."""
    return seal_due(keeping.database, keeping.clock) + close_due(keeping.database, keeping.clock)


def seal_due(database: Database, clock: Clock) -> int:
    """Publishes the final hash of every roll that nobody can join any more; returns how many."""
    due = select(Round.id).where(Round.roll_hash_final.is_(None), Round.joins_until <= clock.now())
    with database.session() as session:
        round_ids = session.scalars(due).all()
        for round_id in round_ids:
            with transaction(session):
                seal(session, locked(session, Round, round_id))
    return len(round_ids)


def close_due(database: Database, clock: Clock) -> int:
    """Closes every round whose time has come; returns how many this call closed."""
    due = select(Round.id).where(Round.closed_at.is_(None), Round.closes_at <= clock.now()).order_by(Round.id)
    closed = 0
    with database.session() as session:
        for round_id in session.scalars(due).all():
            with transaction(session):
                closed += close(session, round_id, clock=clock)
    return closed


def sweep_rolls(keeping: Keeping) -> int:
    """Adds whom no event has brought onto the rolls that can still be joined; returns how many.

    Comes round every minute, so the last time within the minute before `joins_until`.
    """
    now = keeping.clock.now()
    added = 0
    with keeping.database.session() as session:
        for round_id in joinable(session, now=now):
            entries = missing(session, round_id, now=now)
            if entries:
                with transaction(session):
                    added += sum(join(session, round_id, *entry, reason=SWEPT, now=now) for entry in entries)
                    bump(session)
    return added


def erase_traces(keeping: Keeping, _task: Task) -> None:
    """Carries out the task `ballot_traces`: takes deleted ballots out of the database's own files.

    SQLite overwrites what is deleted (secure_delete), and its write-ahead log is emptied here; PostgreSQL drops
    its dead rows. Raises `TracesRemain` to be tried again. Backups from before the close are the operator's.
    """
    if keeping.database.is_sqlite:
        _empty_the_log(keeping.database)
    else:
        with keeping.database.engine.connect() as connection:  # in autocommit, as VACUUM needs
            connection.exec_driver_sql("VACUUM open_choices, open_ballots")


def _empty_the_log(database: Database) -> None:
    with closed_after(database.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # outside of any transaction, else it is refused
        (is_busy, *_pages) = cursor.fetchone() or (True,)
        cursor.close()
    if is_busy:
        raise TracesRemain("the write-ahead log could not be emptied while somebody reads")
