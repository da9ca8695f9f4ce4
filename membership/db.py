"""The database: base class, column types, one session a request, and the transaction that every writer uses."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, sessionmaker
from sqlalchemy.sql.dml import ReturningInsert

from membership.errors import Unavailable

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite numbers rows by itself only when the key's type is spelt INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")

Row = TypeVar("Row", bound="Base")

LONGEST_WAIT_SECONDS = 30.0


class Moment(TypeDecorator[datetime]):
    """A point in time: aware on both sides, UTC in the database. Refuses naive times.

    SQLite keeps the text `YYYY-MM-DD HH:MM:SS.ffffff`, in which order of text is order of time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} is naive; a Moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables; constraints are named by one convention."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Moment}


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Lets the database keep a column to a list of words."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class WriteOutsideTransaction(RuntimeError):  # noqa: N818 - named for what happened
    """Something tried to write without `transaction()`; the rows would not have been safe."""


class Database:
    """An engine and its sessions. Reads need nothing; writes go through `transaction(session)`.

    Errors never show the values of a statement: they may be codes, tokens or addresses on their way to a log.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._sqlite_engine() if self.is_sqlite else self._postgresql_engine(pool_size)
        # SQLite has one writer at a time, and lets the others poll until one of them gives up: here they queue.
        info = {"turn": Lock()} if self.is_sqlite else {}
        self.sessions = sessionmaker(self.engine, expire_on_commit=False, class_=Session, info=info)
        event.listen(self.sessions, "before_flush", _refuse_flush_outside)
        event.listen(self.sessions, "do_orm_execute", _refuse_statement_outside)

    def session(self) -> Session:
        """Opens a session; use it as a context manager."""
        return self.sessions()

    def analyze(self) -> None:
        """Lets the database count what its tables hold: after many rows at once its plans rest on guesses."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()

    def close(self) -> None:
        """Gives back every connection."""
        self.engine.dispose()

    def _sqlite_engine(self) -> Engine:
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(self.url, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgresql_engine(self, pool_size: int) -> Engine:
        # Reads run in autocommit, which saves a round trip for BEGIN and one for ROLLBACK on each page.
        url = self.url.set(drivername="postgresql+psycopg")
        return create_engine(
            url, pool_size=pool_size, max_overflow=10, isolation_level="AUTOCOMMIT", hide_parameters=True
        )


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # A lock is waited for first of all: switching to WAL itself needs one.
    for pragma in (
        "busy_timeout=5000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Reads stand by themselves, as on PostgreSQL. A deferred transaction that has read fails at once when it writes
    # after another's commit: writers say so first.
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_flush_outside(session: Session, *_: object) -> None:
    if not session.info.get("writes"):
        raise WriteOutsideTransaction("rows were changed outside of transaction(session)")


def _refuse_statement_outside(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get("writes"):
        raise WriteOutsideTransaction("a statement that writes ran outside of transaction(session)")


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """Opens a write transaction on `session` and commits it at the end; an exception rolls it back.

    What was read before may have changed: lock and read again inside (`locked`). BEGIN IMMEDIATE on SQLite,
    READ COMMITTED on PostgreSQL. It cannot be nested: a transaction belongs to one edge. Raises `Unavailable` if the
    other writers of this process do not end.
    """
    if session.info.get("writes"):
        raise RuntimeError("transaction(session) cannot be nested")
    session.commit()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    with _turn_to_write(session):
        session.connection(execution_options={"writes": True} if is_sqlite else {"isolation_level": "READ COMMITTED"})
        session.info["writes"] = True
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop("writes", None)


@contextmanager
def _turn_to_write(session: Session) -> Iterator[None]:
    turn: Lock | None = session.info.get("turn")
    if turn is None:
        yield
        return
    if not turn.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise Unavailable("Too many are writing at once. Nothing was kept; please try again in a minute.")
    try:
        yield
    finally:
        turn.release()


def release(session: Session) -> None:
    """Ends reading, so that nothing is open while the network is asked; what was loaded stays usable."""
    session.commit()


def locked(session: Session, model: type[Row], key: object, *, shared: bool = False) -> Row | None:
    """Reads a row anew and locks it until the transaction ends; `None` if there is no such row.

    On SQLite the whole database is already ours (BEGIN IMMEDIATE). On PostgreSQL rows that refer to it may still be
    inserted by others: keys never change, and a foreign key that waited would be a lock in nobody's order.
    """
    strength = {"read": True} if shared else {"key_share": True}  # FOR SHARE, FOR NO KEY UPDATE
    return session.get(model, key, with_for_update=strength, populate_existing=True)


def insert_ignore(session: Session, model: type[Base], **values: Any) -> bool:
    """Inserts one row unless a unique constraint already holds its like; says whether it was inserted."""
    return session.execute(_insert_ignore(model, session.get_bind().dialect.name), values).first() is not None


def insert_row(session: Session, model: type[Base], **values: Any) -> None:
    """Inserts one row that the caller does not go on with: for a single row the ORM's own way takes four times as long.

    What is left out is NULL, or what the database itself puts there.
    """
    session.execute(_insert(model), values)


@cache
def _insert(model: type[Base]) -> Insert:
    return insert(cast("Table", model.__table__)).inline()


@cache
def _insert_ignore(model: type[Base], dialect: str) -> ReturningInsert[Any]:
    # Of the table, not of the mapped class: for a single row the ORM's own way takes four times as long.
    table: Any = model.__table__
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.on_conflict_do_nothing().returning(*table.primary_key)


def take_turn(session: Session, name: str) -> None:
    """Waits until no other transaction has the turn of `name`, and keeps it until this one ends.

    For rules over rows that do not exist yet and so cannot be locked. On SQLite every writer has all turns.
    """
    if has_turns(session):
        session.execute(_TURN, {"name": name})


def has_turns(session: Session) -> bool:
    """Says whether turns have to be taken one by one here."""
    return session.get_bind().dialect.name == "postgresql"


def turn_of(name: ColumnElement[str]) -> ColumnElement[Any]:
    """Returns what takes the turn of a name when it is selected, on PostgreSQL: of a name that stands in a column."""
    return func.pg_advisory_xact_lock(func.hashtextextended(name, 0))


_TURN = select(turn_of(bindparam("name", type_=String)))


def is_writing(session: Session) -> bool:
    """Says whether the session is inside of `transaction()`."""
    return bool(session.info.get("writes"))


def init_app(app: Flask, database: Database) -> None:
    """Gives the application its database and each request at most one session."""
    app.extensions["database"] = database
    app.teardown_appcontext(_close_session)


def current_database() -> Database:
    """Returns the database of the current application."""
    database: Database = current_app.extensions["database"]
    return database


def current_session() -> Session:
    """Returns the session of the current request or command, opened at its first use."""
    if "session" not in g:
        g.session = current_database().session()
    session: Session = g.session
    return session


def _close_session(_error: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()
