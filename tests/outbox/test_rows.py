"""A side effect happens once for its cause, by whichever worker, and goes on after a failure."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.outbox import worker
from membership.outbox.models import OutboxRow
from membership.outbox.periodic import Every, take_run
from membership.outbox.rows import Task, claim, enqueue, put_off, wait_after
from membership.outbox.worker import carry_out, come_round


def add(database: Database, key: str = "1", *, now: datetime) -> bool:
    with database.session() as session, transaction(session):
        return enqueue(session, "letter", key, {"to": "olena@example.org"}, now=now)


def test_a_second_cause_of_the_same_kind_and_key_is_ignored(database: Database, now: datetime) -> None:
    assert add(database, now=now)
    assert not add(database, now=now)


def test_it_is_carried_out_once_and_then_carries_nothing(database: Database, clock: SteppedClock) -> None:
    add(database, now=clock.now())
    carried: list[Task] = []
    assert carry_out(database, {"letter": carried.append}, clock) == 1
    assert carry_out(database, {"letter": carried.append}, clock) == 0
    assert [task.payload["to"] for task in carried] == ["olena@example.org"]
    with database.session() as session:
        row = session.scalars(select(OutboxRow)).one()
    assert row.payload == {}
    assert row.done_at == clock.now()


def test_a_failure_waits_and_is_tried_again(database: Database, clock: SteppedClock) -> None:
    add(database, now=clock.now())

    def fail(_task: Task) -> None:
        raise OSError("the mail server is away")

    carry_out(database, {"letter": fail}, clock)
    with database.session() as session:
        assert "the mail server is away" in str(session.scalars(select(OutboxRow.last_error)).one())
    carried: list[Task] = []
    carry_out(database, {"letter": carried.append}, clock)
    assert carried == []
    clock.advance(wait_after(1))
    carry_out(database, {"letter": carried.append}, clock)
    assert len(carried) == 1


def test_of_an_error_only_a_short_text_without_addresses_is_kept(database: Database, clock: SteppedClock) -> None:
    add(database, now=clock.now())

    def fail(_task: Task) -> None:
        raise OSError("olena@example.org was refused by smtp://user:word@mail.example.org: " + "no " * 500)

    carry_out(database, {"letter": fail}, clock)
    with database.session() as session:
        kept = str(session.scalars(select(OutboxRow.last_error)).one())
    assert kept.startswith("OSError: …@… was refused by smtp://…@…")
    assert len(kept) <= 200


def test_a_worker_that_died_loses_its_claim(database: Database, clock: SteppedClock) -> None:
    add(database, now=clock.now())
    with database.session() as session, transaction(session):
        assert len(claim(session, "dead", limit=5, now=clock.now())) == 1
    carried: list[Task] = []
    assert carry_out(database, {"letter": carried.append}, clock) == 0
    clock.advance(timedelta(minutes=3))
    assert carry_out(database, {"letter": carried.append}, clock) == 1


def test_four_workers_at_once_carry_each_effect_once(database: Database, clock: SteppedClock) -> None:
    for number in range(40):
        add(database, str(number), now=clock.now())
    barrier, carried = Barrier(4), []

    def work(_number: int) -> None:
        barrier.wait()
        while carry_out(database, {"letter": lambda task: carried.append(task.key)}, clock):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert sorted(carried) == sorted(str(number) for number in range(40))


def test_an_effect_is_not_due_before_its_time(database: Database, clock: SteppedClock) -> None:
    with database.session() as session, transaction(session):
        enqueue(session, "letter", "1", {}, now=clock.now(), due_at=clock.now() + timedelta(minutes=10))
    assert carry_out(database, {"letter": lambda task: None}, clock) == 0
    clock.advance(timedelta(minutes=10))
    assert carry_out(database, {"letter": lambda task: None}, clock) == 1


@pytest.mark.parametrize(
    ("tries", "wait"), [(1, timedelta(seconds=15)), (2, timedelta(seconds=30)), (99, timedelta(hours=6))]
)
def test_the_wait_grows_to_six_hours(tries: int, wait: timedelta) -> None:
    assert wait_after(tries) == wait


def test_a_run_is_taken_once(session: Session, now: datetime) -> None:
    every = Every(timedelta(minutes=15))
    with transaction(session):
        assert take_run(session, "list", every, now=now)
        assert not take_run(session, "list", every, now=now + timedelta(minutes=14))
        assert take_run(session, "list", every, now=now + timedelta(minutes=15))


def test_a_periodic_task_comes_round_by_the_clock(database: Database, clock: SteppedClock) -> None:
    ran: list[int] = []
    periodic = {"count": (Every(timedelta(hours=1)), lambda: ran.append(1))}
    for _ in range(3):
        come_round(database, periodic, clock)
    clock.advance(timedelta(hours=5))
    come_round(database, periodic, clock)
    assert len(ran) == 2


def test_what_is_put_off_while_it_is_carried_out_is_done_again(database: Database, clock: SteppedClock) -> None:
    add(database, now=clock.now())
    later = clock.now() + timedelta(minutes=10)

    def change_meanwhile(_task: Task) -> None:
        with database.session() as session, transaction(session):
            put_off(session, "letter", "1", {"to": "changed@example.org"}, due_at=later, now=clock.now())

    carry_out(database, {"letter": change_meanwhile}, clock)
    clock.advance(timedelta(minutes=10))
    carried: list[Task] = []
    assert carry_out(database, {"letter": carried.append}, clock) == 1
    assert [task.payload["to"] for task in carried] == ["changed@example.org"]


def test_a_slow_batch_carries_nothing_that_another_worker_has_taken_over(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("1", "2"):
        add(database, key, now=clock.now())
    carried: list[str] = []

    def other_worker(task: Task) -> None:
        carried.append(f"other {task.key}")

    def slow(task: Task) -> None:
        carried.append(f"slow {task.key}")
        clock.advance(timedelta(minutes=3))
        with monkeypatch.context() as patch:
            patch.setattr(worker, "name_of_this_worker", lambda: "another")
            carry_out(database, {"letter": other_worker}, clock)

    carry_out(database, {"letter": slow}, clock)
    assert [each for each in carried if each.endswith("2")] == ["other 2"]
