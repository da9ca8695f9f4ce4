"""Writers see to their transaction; readers cannot write by mistake."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import Database, WriteOutsideTransaction, insert_ignore, locked, transaction
from membership.errors import Unavailable
from membership.newsroom.models import NewsroomSetting


def test_what_a_transaction_wrote_is_there_for_others(database: Database, now: datetime) -> None:
    with database.session() as writer, transaction(writer):
        writer.add(NewsroomSetting(key="a", value={"b": 1}, changed_at=now))
    with database.session() as reader:
        assert reader.scalars(select(NewsroomSetting)).one().changed_at == now


def test_an_exception_leaves_nothing_behind(database: Database, now: datetime) -> None:
    with database.session() as writer, pytest.raises(ZeroDivisionError), transaction(writer):
        writer.add(NewsroomSetting(key="a", value=1, changed_at=now))
        writer.flush()
        raise ZeroDivisionError
    with database.session() as reader:
        assert reader.scalars(select(NewsroomSetting)).all() == []


def test_a_write_outside_a_transaction_is_refused(session: Session, now: datetime) -> None:
    session.add(NewsroomSetting(key="a", value=1, changed_at=now))
    with pytest.raises(WriteOutsideTransaction):
        session.flush()


def test_a_transaction_can_follow_a_read_and_another_transaction(session: Session, now: datetime) -> None:
    for number in range(2):
        session.scalars(select(NewsroomSetting)).all()
        with transaction(session):
            session.merge(NewsroomSetting(key="a", value=number, changed_at=now))
    assert session.scalars(select(NewsroomSetting.value)).one() == 1


def test_transactions_do_not_nest(session: Session) -> None:
    with transaction(session), pytest.raises(RuntimeError, match="nested"), transaction(session):
        pass


def test_a_second_row_under_one_key_is_ignored(session: Session, now: datetime) -> None:
    with transaction(session):
        assert insert_ignore(session, NewsroomSetting, key="a", value=1, changed_at=now)
        assert not insert_ignore(session, NewsroomSetting, key="a", value=2, changed_at=now)
    assert session.scalars(select(NewsroomSetting.value)).one() == 1


def test_writers_of_one_process_queue(database: Database, now: datetime) -> None:
    """On SQLite before they ask for the file, where waiting is polling; on PostgreSQL at the row."""
    with database.session() as first, transaction(first):
        first.add(NewsroomSetting(key="a", value=0, changed_at=now))

    def count_up(_: int) -> None:
        with database.session() as session, transaction(session):
            row = locked(session, NewsroomSetting, "a")
            assert row is not None
            row.value = row.value + 1

    with ThreadPoolExecutor(12) as writers:
        list(writers.map(count_up, range(120)))
    with database.session() as reader:
        assert reader.scalars(select(NewsroomSetting.value)).one() == 120


def test_a_writer_that_waits_too_long_is_told_so(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database.is_sqlite:
        # There rows are locked and not the file: two writers of different rows do not wait for each other.
        with database.session() as one, database.session() as other, transaction(one), transaction(other):
            one.add(NewsroomSetting(key="a", value=0, changed_at=now))
            other.add(NewsroomSetting(key="b", value=0, changed_at=now))
        return
    monkeypatch.setattr("membership.db.LONGEST_WAIT_SECONDS", 0.05)
    with (
        database.session() as one,
        database.session() as other,
        transaction(one),
        pytest.raises(Unavailable, match="Nothing was kept"),
        transaction(other),
    ):
        pass
