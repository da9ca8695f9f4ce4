"""A disk that is full, or may only be read: nothing is confirmed that is not kept, and nothing has to be mended."""

import json
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from random import Random

import pytest
from sqlalchemy.engine import make_url

from tests.processes.alive import until
from tests.storms.asking import Answer, ask_once
from tests.storms.conftest import Ground
from tests.storms.deliveries import Delivery, deliver, deliver_once
from tests.storms.fleet import SLUG, Fleet
from tests.storms.giving import Submit, fresh_form, network, submit
from tests.storms.rows import rows

KIBIBYTE = 1024
# Room for a few dozen events: in SQLite's log, and in PostgreSQL's tables (its own log needs so much for a file).
SQLITE_FULL, POSTGRESQL_FULL = 512 * KIBIBYTE, 1024 * KIBIBYTE
FILLING_BYTES = 8 * KIBIBYTE


@dataclass(frozen=True)
class Size:
    """How many events come in while the disk is spoilt, how many forms are sent, and how often all of it is done."""

    events: int
    forms: int
    times: int


SMALL, FULL = Size(events=200, forms=4, times=1), Size(events=2000, forms=20, times=10)


@pytest.mark.parametrize("how", ["full", "readonly"])
def test_nothing_is_confirmed_that_a_spoilt_disk_did_not_keep(small: Ground, how: str, chance: Random) -> None:
    spoil(small, how, SMALL, chance)


@pytest.mark.storm_full
@pytest.mark.parametrize("how", ["full", "readonly"])
def test_nothing_is_confirmed_that_a_disk_spoilt_ten_times_did_not_keep(full: Ground, how: str, chance: Random) -> None:
    for _ in range(FULL.times):
        spoil(full, how, FULL, chance)


def spoil(ground: Ground, how: str, size: Size, chance: Random) -> None:
    """Lets events and forms come in while nothing can be written, and compares what was said with what is kept."""
    fleet = ground.fleet
    deliveries = _invented(fleet, size.events, chance)
    forms = [Submit(chance.choice(fleet.ports), network(chance), fresh_form(fleet)) for _ in range(size.forms)]
    with SPOILT[ground.cluster is not None, how](ground):
        said = deliver_once(fleet, list(deliveries.values()), chance)
        led = [submit(form) for form in forms]
        read = ask_once(fleet.ports[0], "GET", f"/articles/{SLUG}")
    fleet.wait_until_up()
    confirmed = {event_id for event_id, status in zip(deliveries, said, strict=True) if 200 <= status < 300}
    print(f"{len(said) - len(confirmed)} of {len(said)} events refused, {[answer.status for answer in led]}")  # noqa: T201 - by `make storm`

    assert {*said, *(answer.status for answer in led)} <= {200, 303, 503}
    assert confirmed <= _kept(fleet)
    assert len(confirmed) < len(deliveries)
    assert _led_to(fleet, led) <= _attempts(fleet)
    assert read.status == 200
    deliver(fleet, list(deliveries.values()), chance)
    assert set(deliveries) <= _kept(fleet)
    assert {submit(form).status for form in forms} == {303}


def _invented(fleet: Fleet, number: int, chance: Random) -> dict[str, Delivery]:
    """Makes events that nobody looks at, under new ids, so large that they soon fill what room there is."""
    event = next(fleet.stripe.every("events", type="product.created"))
    made: dict[str, Delivery] = {}
    for _ in range(number):
        event_id, filling = f"evt_disk_{chance.getrandbits(96):024x}", chance.randbytes(FILLING_BYTES).hex()
        made[event_id] = Delivery(json.dumps(event | {"id": event_id, "filling": filling}).encode())
    return made


def _kept(fleet: Fleet) -> set[str]:
    return {event_id for (event_id,) in rows(fleet.url, "SELECT id FROM stripe_events WHERE id LIKE 'evt_disk_%'")}


def _led_to(fleet: Fleet, answers: Sequence[Answer]) -> set[str]:
    """Names the attempts whose pages at Stripe somebody was led to."""
    pages = {session["url"]: session["client_reference_id"] for session in fleet.stripe.every("checkout/sessions")}
    return {pages[answer.location] for answer in answers if answer.location in pages}


def _attempts(fleet: Fleet) -> set[str]:
    return {reference for (reference,) in rows(fleet.url, "SELECT reference FROM attempts")}


@contextmanager
def _sqlite_bounded(ground: Ground, most_bytes: int) -> Iterator[None]:
    until(lambda: _empties_log(ground.fleet), lambda: "SQLite's log is never empty")
    ground.fleet.bound_disk(most_bytes)
    try:
        yield
    finally:
        ground.fleet.bound_disk(None)


def _empties_log(fleet: Fleet) -> bool:
    path = make_url(fleet.url).database or ""
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return int(busy) == 0


@contextmanager
def _postgresql_full(ground: Ground) -> Iterator[None]:
    assert ground.cluster is not None
    ground.cluster.stop_hard(signal.SIGINT)
    ground.cluster.start(most_bytes=POSTGRESQL_FULL)
    try:
        yield
    finally:
        ground.cluster.stop_hard(signal.SIGQUIT)
        ground.cluster.start()


@contextmanager
def _postgresql_readonly(ground: Ground) -> Iterator[None]:
    assert ground.cluster is not None
    ground.cluster.tell("ALTER SYSTEM SET default_transaction_read_only = on")
    try:
        yield
    finally:
        ground.cluster.tell("ALTER SYSTEM RESET default_transaction_read_only")


# By whether it is PostgreSQL, and how the disk is spoilt.
SPOILT = {
    (False, "full"): lambda ground: _sqlite_bounded(ground, SQLITE_FULL),
    (False, "readonly"): lambda ground: _sqlite_bounded(ground, 0),
    (True, "full"): _postgresql_full,
    (True, "readonly"): _postgresql_readonly,
}
