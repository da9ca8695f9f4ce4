"""What is left of deleted ballots in the files of the database: nothing, or the task comes again."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, delete, select, text
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.models import OutboxRow
from membership.outbox.rows import Task
from membership.outbox.worker import carry_out
from membership.topics.keeping import close_due
from membership.topics.models import CountedBallot, Round, Topic
from membership.topics.opening import open_round
from membership.topics.traces import TracesRemain, erase_traces
from tests.databases import empty
from tests.topics.people import WEEK, opened, patrons, vote, writing

GRID, RUBBLE = "who-repairs-the-grid", "where-does-the-rubble-go"
STRANGER = "stranger_to_the_tables"


@dataclass(frozen=True)
class Process:
    """As much of a worker as the task needs."""

    database: Database


@dataclass(frozen=True)
class Closed:
    """A round that has closed while another goes on with the same voters, and the task that the close left behind."""

    receipts: tuple[str, ...]
    open_round: Round
    task: Task


@pytest.fixture
def on_postgresql(postgresql_emptied: str) -> Iterator[Database]:
    """For what SQLite does not know: several writers, readers in nobody's way, roles."""
    with closing(Database(postgresql_emptied)) as database:
        yield database
    empty(postgresql_emptied)


def test_no_receipt_of_a_closed_round_stays_beside_the_ballots_of_an_open_one(
    database: Database, clock: SteppedClock
) -> None:
    closed = _closed_beside_an_open_one(database, clock)
    erase_traces(Process(database), closed.task)
    assert _left(database, closed) == 0


def test_nothing_counts_as_done_while_somebody_reads_from_before_the_close(
    database: Database, clock: SteppedClock
) -> None:
    with _reader(database) as earlier:
        closed = _closed_beside_an_open_one(database, clock, earlier)
        _be_impatient(database)
        with pytest.raises(TracesRemain):
            erase_traces(Process(database), closed.task)
    erase_traces(Process(database), closed.task)
    assert _left(database, closed) == 0


def test_nothing_counts_as_done_while_somebody_writes_from_before_the_close(
    on_postgresql: Database, clock: SteppedClock
) -> None:
    with writing(on_postgresql) as session:
        session.add(Topic(slug="x", title="X", why="X", state="proposed", proposed_at=clock.at))
        session.flush()
        closed = _closed_beside_an_open_one(on_postgresql, clock)
        with pytest.raises(TracesRemain, match="before the close"):
            erase_traces(Process(on_postgresql), closed.task)
    erase_traces(Process(on_postgresql), closed.task)
    assert _left(on_postgresql, closed) == 0


def test_who_reads_since_the_close_is_in_nobodys_way(on_postgresql: Database, clock: SteppedClock) -> None:
    closed = _closed_beside_an_open_one(on_postgresql, clock)
    with _reader(on_postgresql) as later:
        _read(later)
        erase_traces(Process(on_postgresql), closed.task)
    assert _left(on_postgresql, closed) == 0


def test_a_voter_in_the_midst_of_it_is_not_disturbed(on_postgresql: Database, clock: SteppedClock) -> None:
    closed = _closed_beside_an_open_one(on_postgresql, clock)
    with writing(on_postgresql) as session:
        session.execute(text("LOCK TABLE open_ballots IN ROW EXCLUSIVE MODE"))
        with pytest.raises(TracesRemain, match="in use"):
            erase_traces(Process(on_postgresql), closed.task)
    with on_postgresql.engine.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "0"
    erase_traces(Process(on_postgresql), closed.task)
    assert _left(on_postgresql, closed) == 0


def test_a_role_that_may_not_clean_the_tables_is_no_success(on_postgresql: Database, clock: SteppedClock) -> None:
    with _reader(on_postgresql) as earlier:
        closed = _closed_beside_an_open_one(on_postgresql, clock, earlier)
        with closing(Database(_as_a_stranger(on_postgresql))) as strangers:
            with pytest.raises(TracesRemain, match="before the close"):
                erase_traces(Process(strangers), closed.task)
            earlier.close()
            with pytest.raises(TracesRemain, match="own them"):
                erase_traces(Process(strangers), closed.task)


def test_the_task_waits_in_the_outbox_until_it_is_done(database: Database, clock: SteppedClock) -> None:
    tasks = {"ballot_traces": lambda task: erase_traces(Process(database), task)}
    with _reader(database) as earlier:
        _closed_beside_an_open_one(database, clock, earlier)
        _be_impatient(database)
        with writing(database) as session:
            session.execute(delete(OutboxRow).where(OutboxRow.kind != "ballot_traces"))
        carry_out(database, tasks, clock)
        with database.session() as session:
            row = _row(session)
            assert (row.payload, row.done_at) == ({}, None)
            assert str(row.last_error).startswith("TracesRemain")
            clock.at = row.due_at
    carry_out(database, tasks, clock)
    with database.session() as session:
        assert _row(session).done_at == clock.at


@contextmanager
def _reader(database: Database) -> Iterator[Connection]:
    """Somebody who sees the database as it is when they first read, until they go: pg_dump, a forgotten psql."""
    engine = create_engine(database.engine.url, isolation_level=None if database.is_sqlite else "REPEATABLE READ")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _read(reader: Connection) -> None:
    if reader.dialect.name == "sqlite":
        reader.exec_driver_sql("BEGIN")
    reader.exec_driver_sql("SELECT count(*) FROM accounts").all()


def _closed_beside_an_open_one(database: Database, clock: SteppedClock, earlier: Connection | None = None) -> Closed:
    voters = patrons(database, 6, now=clock.at)
    round_ = opened(database, now=clock.at)
    other = _open_another(database, clock)
    receipts = [vote(database, round_, each, GRID, RUBBLE, clock=clock).receipt for each in voters]
    for each in voters:
        vote(database, other, each, "a", clock=clock)
    if earlier is not None:
        _read(earlier)
    clock.at = round_.closes_at
    assert close_due(database, clock) == 1
    with database.session() as session:
        assert sorted(session.scalars(select(CountedBallot.receipt))) == sorted(receipts)
        row = _row(session)
        return Closed(tuple(receipts), other, Task(row.id, row.kind, row.key, row.payload, clock.at, "worker"))


def _open_another(database: Database, clock: SteppedClock) -> Round:
    with writing(database) as session:
        for slug in "abc":
            session.add(Topic(slug=slug, title=slug, why="Why not?", state="shortlisted", proposed_at=clock.at))
        closes_at = clock.at + 2 * WEEK
        return open_round(
            session,
            "Spring",
            "What?",
            ["a", "b", "c"],
            closes_at=closes_at,
            choices=1,
            winners=1,
            by=None,
            now=clock.at,
        )


def _row(session: Session) -> OutboxRow:
    return session.scalars(select(OutboxRow).where(OutboxRow.kind == "ballot_traces")).one()


def _left(database: Database, closed: Closed) -> int:
    """Counts the receipts in the files, beyond those of the counted ballots and their key."""
    if database.is_sqlite:
        path = str(database.url.database)
        assert Path(f"{path}-wal").read_bytes() == b""
        content = Path(path).read_bytes()
        return sum(content.count(code.encode()) - 2 for code in closed.receipts)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        files = connection.exec_driver_sql(_FILES).scalars().all()
        kept = connection.exec_driver_sql("SELECT receipt FROM open_ballots").scalars().all()
    content = b"".join(Path(file).read_bytes() for file in files)
    assert all(code.encode() in content for code in kept)  # it is these files that hold ballots
    assert len(kept) == 6
    return sum(content.count(code.encode()) for code in closed.receipts)


def _be_impatient(database: Database) -> None:
    if database.is_sqlite:
        connection = database.engine.raw_connection()
        connection.cursor().execute("PRAGMA busy_timeout=50")
        connection.close()


def _as_a_stranger(database: Database) -> str:
    with database.engine.connect() as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": STRANGER}):
            connection.exec_driver_sql(f"CREATE ROLE {STRANGER} LOGIN")
        connection.exec_driver_sql(f"GRANT SELECT ON rounds TO {STRANGER}")
    return database.url.set(username=STRANGER).render_as_string(hide_password=False)


_FILES = """
SELECT current_setting('data_directory') || '/' || pg_relation_filepath(oid)
FROM pg_class WHERE oid IN ('open_ballots'::regclass, 'open_choices'::regclass)
OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN ('open_ballots'::regclass, 'open_choices'::regclass))
"""
