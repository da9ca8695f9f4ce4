"""After the close of a secret round: the deleted ballots leave the database's own files as well."""

from contextlib import closing as closed_after
from typing import Final, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from membership.db import Database
from membership.outbox.rows import Task

# Voters of other rounds wait behind whoever waits for the whole table, so that must be short.
WAIT_FOR_TABLES: Final = "1s"
# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE: Final = "55P03"


class Holding(Protocol):
    """What of the process's seams it takes to clean its database."""

    @property
    def database(self) -> Database: ...


class TracesRemain(Exception):  # noqa: N818 - said of the ballots
    """Deleted ballots can still be read in the files; the task must be tried again."""


def erase_traces(holding: Holding, task: Task) -> None:
    """Carries out the task `ballot_traces`, whose key is the round's slug: takes deleted ballots out of the files.

    SQLite overwrites what is deleted (secure_delete), and its write-ahead log is emptied here. PostgreSQL keeps what
    is deleted until its tables are written anew. Raises `TracesRemain` to be tried again. PostgreSQL's write-ahead
    log, replicas and backups are the operator's (docs/running.md, Backups).
    """
    if holding.database.is_sqlite:
        _empty_the_log(holding.database)
    else:
        with holding.database.engine.connect() as connection:  # in autocommit, as VACUUM needs
            _refuse_while_seen(connection, task.key)
            _write_anew(connection)


def _empty_the_log(database: Database) -> None:
    with closed_after(database.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # outside of any transaction, else it is refused
        (is_busy, *_pages) = cursor.fetchone() or (True,)
        cursor.close()
    if is_busy:
        raise TracesRemain("the write-ahead log could not be emptied while somebody reads")


def _refuse_while_seen(connection: Connection, slug: str) -> None:
    # Who began before the close must still be shown the ballots: writing the tables anew would carry them over.
    holders = connection.scalars(_OLDER_THAN_THE_CLOSE, {"slug": slug}).all()
    if holders:
        raise TracesRemain(f"transactions from before the close are still open: {', '.join(sorted(set(holders)))}")


def _write_anew(connection: Connection) -> None:
    before = connection.execute(_FILES).one()
    connection.exec_driver_sql(f"SET lock_timeout = '{WAIT_FOR_TABLES}'")
    try:
        connection.exec_driver_sql("VACUUM FULL open_choices, open_ballots")
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise TracesRemain("the tables of open ballots were in use") from error
    finally:
        connection.exec_driver_sql("RESET lock_timeout")
    # A role that does not own them is only warned, and nothing happens.
    if any(old == new for old, new in zip(before, connection.execute(_FILES).one(), strict=True)):
        raise TracesRemain("the tables of open ballots were not written anew; does the database's role own them?")


# The round's row was last written by its close, so its `xmin` is the transaction that deleted the ballots.
_OLDER_THAN_THE_CLOSE = text("""
SELECT holder FROM (
    SELECT 'process ' || pid AS holder, backend_xmin AS xid FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datname IS NULL)
    UNION ALL
    SELECT 'process ' || pid, backend_xid FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()
    UNION ALL
    SELECT 'prepared transaction ' || gid, transaction FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL
    SELECT 'replication slot ' || slot_name, xmin FROM pg_replication_slots
) AS holders
WHERE age(xid) >= (SELECT age(xmin) FROM rounds WHERE slug = :slug)
""")
_FILES = text("SELECT pg_relation_filenode('open_choices'), pg_relation_filenode('open_ballots')")
