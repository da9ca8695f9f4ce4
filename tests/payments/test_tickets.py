"""Whatever order fetches end in, the one that was asked for last is what stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import permutations
from threading import Barrier, Lock

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.payments.gateway import GoneAtStripe
from membership.payments.mirror import Cause, Mirror, Thing, reflect
from membership.payments.models import StripeObject
from membership.payments.tickets import redeem, take, take_all


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_only_a_later_ticket_is_applied(session: Session, now: datetime, order: tuple[int, ...]) -> None:
    with transaction(session):
        assert [take(session, "pi_1", "payment") for _ in range(3)] == [1, 2, 3]
    applied = []
    for ticket in order:
        with transaction(session):
            if redeem(session, "pi_1", ticket, now=now):
                applied.append(ticket)
    assert applied == sorted(applied)
    assert applied[-1] == 3


@dataclass
class Changing:
    """A thing at Stripe that changes with each look, and a row that keeps what was kept of it."""

    looks: int = 0
    kept: list[int] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def fetch(self, _id: str) -> int:
        with self.lock:
            self.looks += 1
            return self.looks

    def keep(self, _session: Session, seen: int, _cause: Cause, _now: datetime) -> None:
        self.kept.append(seen)


def test_many_at_once_leave_what_was_seen_last(database: Database, clock: SteppedClock) -> None:
    mirror = Mirror(database, gateway=None, clock=clock)  # type: ignore[arg-type]  # nothing here asks Stripe
    thing, barrier = Changing(), Barrier(8)

    def look(_number: int) -> None:
        barrier.wait()
        reflect(mirror, Thing("payment", "pi_1"), thing.fetch, thing.keep, Cause("event"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(8)))
    with database.session() as session:
        row = session.scalars(select(StripeObject)).one()
    assert (row.wanted, row.applied) == (8, 8)
    assert len(thing.kept) >= 1


def both(*acts: Callable[[], object]) -> None:
    """Does these at the same instant, each in a thread of its own."""
    barrier = Barrier(len(acts))

    def begin(act: Callable[[], object]) -> None:
        barrier.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(begin, acts))


def test_two_who_take_a_ticket_at_the_same_instant_never_get_the_same(database: Database) -> None:
    taken: list[int] = []

    def ask() -> None:
        for _ in range(20):
            with database.session() as session, transaction(session):
                taken.append(take(session, "pi_1", "payment"))

    both(ask, ask)
    assert sorted(taken) == list(range(1, 41))


def test_two_who_take_the_same_tickets_in_opposite_order_do_not_wait_for_each_other(database: Database) -> None:
    names = [f"pi_{number}" for number in range(30)]

    def ask(order: list[str]) -> None:
        for _ in range(10):
            with database.session() as session, transaction(session):
                take_all(session, dict.fromkeys(order, "payment"))

    both(lambda: ask(names), lambda: ask(names[::-1]))
    with database.session() as session:
        assert set(session.scalars(select(StripeObject.wanted))) == {20}


def test_who_was_overtaken_while_asking_stripe_applies_nothing(database: Database, clock: SteppedClock) -> None:
    mirror = Mirror(database, gateway=None, clock=clock)  # type: ignore[arg-type]  # nothing here asks Stripe
    asked, overtaken, kept = Barrier(2), Barrier(2), []

    def keep(_session: Session, seen: str, _cause: Cause, _now: datetime) -> None:
        kept.append(seen)

    def slow(_id: str) -> str:
        asked.wait()
        overtaken.wait()
        return "as it was"

    def the_slow_one() -> None:
        reflect(mirror, Thing("payment", "pi_1"), slow, keep, Cause("event"))

    def the_quick_one() -> None:
        asked.wait()
        reflect(mirror, Thing("payment", "pi_1"), lambda _id: "as it is", keep, Cause("thanks"))
        overtaken.wait()

    both(the_slow_one, the_quick_one)
    assert kept == ["as it is"]


def test_two_who_apply_at_the_same_instant_leave_the_later_ticket(database: Database, now: datetime) -> None:
    for turn in range(10):
        name = f"pi_{turn}"
        with database.session() as session, transaction(session):
            tickets = [take(session, name, "payment") for _ in range(2)]
        kept: list[int] = []

        def apply(ticket: int, name: str = name, kept: list[int] = kept) -> None:
            with database.session() as session, transaction(session):
                if redeem(session, name, ticket, now=now):
                    kept.append(ticket)

        both(lambda: apply(tickets[0]), lambda: apply(tickets[1]))  # noqa: B023 - both end within the turn
        assert kept in ([1, 2], [2])


def test_what_stripe_no_longer_knows_is_marked_gone_not_guessed(database: Database, clock: SteppedClock) -> None:
    def fetch(_id: str) -> int:
        raise GoneAtStripe

    mirror = Mirror(database, gateway=None, clock=clock)  # type: ignore[arg-type]  # nothing here asks Stripe
    assert reflect(mirror, Thing("payment", "pi_1"), fetch, Changing().keep, Cause("event")) is None
    with database.session() as session:
        assert session.scalars(select(StripeObject.gone_at)).one() == clock.now()
