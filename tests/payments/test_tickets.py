"""Whatever order fetches end in, the one that was asked for last is what stays."""

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
from membership.payments.tickets import redeem, take


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


def test_what_stripe_no_longer_knows_is_marked_gone_not_guessed(database: Database, clock: SteppedClock) -> None:
    def fetch(_id: str) -> int:
        raise GoneAtStripe

    mirror = Mirror(database, gateway=None, clock=clock)  # type: ignore[arg-type]  # nothing here asks Stripe
    assert reflect(mirror, Thing("payment", "pi_1"), fetch, Changing().keep, Cause("event")) is None
    with database.session() as session:
        assert session.scalars(select(StripeObject.gone_at)).one() == clock.now()
