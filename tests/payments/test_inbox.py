"""How waiting events are handled: each object looked at once, failures tried again ever later, the hopeless laid by."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.outbox.rows import wait_after
from membership.payments import looks
from membership.payments.forgetting import forget_payloads
from membership.payments.gateway import StripeAway
from membership.payments.inbox import MOST_TRIES, Rules, drain
from membership.payments.mirror import Cause, Mirror, NotOurs
from membership.payments.models import StripeEvent
from membership.settings import Settings
from membership.wiring import Seams
from tests.conftest import demo_settings
from tests.fake_gateway import FakeGateway

LOOKS = {
    "thing.changed": (looks.itself("thing"),),
    "part.changed": (looks.account, looks.its_payment),
}


@dataclass
class Desk:
    """An inbox with one kind of thing, and a note of what was looked at."""

    database: Database
    clock: SteppedClock
    seen: list[str] = field(default_factory=list)
    trouble: Callable[[str], None] = lambda _object_id: None

    def receives(self, event_id: str, about: str = "thing_1", **fields: Any) -> None:
        now = self.clock.now()
        values = {
            "id": event_id,
            "type": "thing.changed",
            "object_id": about,
            "created_at": now,
            "received_at": now,
            "livemode": False,
            "payload": "{}",
            "state": "waiting",
            "tries": 0,
            "next_try_at": now,
        }
        with self.database.session() as session, transaction(session):
            session.add(StripeEvent(**(values | fields)))

    def works(self) -> int:
        mirror = Mirror(self.database, FakeGateway(), self.clock)
        return drain(mirror, Rules(LOOKS, {"thing": self._look, "account": self._look, "payment": self._look}))

    def row(self, event_id: str) -> StripeEvent:
        with self.database.session() as session:
            return session.get_one(StripeEvent, event_id)

    def _look(self, _mirror: Mirror, object_id: str, _cause: Cause) -> None:
        self.seen.append(object_id)
        self.trouble(object_id)


@pytest.fixture
def desk(database: Database, clock: SteppedClock) -> Desk:
    return Desk(database, clock)


def raising(error: Exception) -> Callable[[str], None]:
    def trouble(_object_id: str) -> None:
        raise error

    return trouble


def test_all_waiting_events_of_an_object_share_one_look(desk: Desk) -> None:
    for number in range(5):
        desk.receives(f"evt_{number}")
    desk.receives("evt_other", "thing_2")
    assert desk.works() == 6
    assert sorted(desk.seen) == ["thing_1", "thing_2"]
    assert desk.works() == 0


def test_a_failure_is_told_without_keys_and_tried_again_ever_later(desk: Desk) -> None:
    desk.receives("evt_1")
    desk.trouble = raising(ValueError("sk_test_secret42 of donor@example.org"))
    for tries in (1, 2, 3):
        assert desk.works() == 1
        row = desk.row("evt_1")
        assert (row.state, row.tries, row.reason) == ("waiting", tries, "ValueError: sk_… of …@…")
        assert row.next_try_at == desk.clock.now() + wait_after(tries)
        assert desk.works() == 0
        desk.clock.advance(wait_after(tries))
    desk.trouble = lambda _object_id: None
    desk.works()
    assert (desk.row("evt_1").state, desk.row("evt_1").reason) == ("handled", None)


def test_the_tries_of_an_event_fill_three_days() -> None:
    waits = sum((wait_after(tries) for tries in range(1, MOST_TRIES)), timedelta())
    assert timedelta(days=2, hours=18) < waits <= timedelta(days=3, hours=6)


def test_after_its_last_try_an_event_is_dead_and_says_why(desk: Desk) -> None:
    desk.receives("evt_1", tries=MOST_TRIES - 1)
    desk.trouble = raising(ValueError("still not"))
    desk.works()
    row = desk.row("evt_1")
    assert (row.state, row.reason, row.next_try_at) == ("dead", "ValueError: still not", None)


def test_what_came_long_ago_and_fails_for_the_first_time_is_tried_again(desk: Desk) -> None:
    desk.receives("evt_1", received_at=desk.clock.now() - timedelta(days=9))
    desk.trouble = raising(ValueError("not yet"))
    desk.works()
    assert desk.row("evt_1").state == "waiting"


def test_a_stripe_that_does_not_answer_is_not_asked_for_each_thing_of_a_batch(desk: Desk) -> None:
    for number in range(9):
        desk.receives(f"evt_{number}", f"thing_{number}")
    desk.trouble = raising(StripeAway("no answer"))
    assert desk.works() == 9
    assert len(desk.seen) == 2
    assert {desk.row(f"evt_{number}").state for number in range(9)} == {"waiting"}


def test_many_things_are_looked_at_once_each_by_several_threads(desk: Desk) -> None:
    for number in range(60):
        desk.receives(f"evt_{number}", f"thing_{number % 35}")
    assert desk.works() == 60
    assert sorted(desk.seen) == sorted(f"thing_{number}" for number in range(35))
    assert {desk.row(f"evt_{number}").state for number in range(60)} == {"handled"}


def test_what_is_not_ours_is_ignored_with_the_reason(desk: Desk) -> None:
    desk.receives("evt_1")
    desk.trouble = raising(NotOurs("marked by another site"))
    desk.works()
    assert (desk.row("evt_1").state, desk.row("evt_1").reason) == ("ignored", "marked by another site")


@pytest.mark.parametrize("payload", ["{", "[]", '{"data": {}}', '{"data": {"object": []}}'])
def test_an_event_that_cannot_be_read_is_dead_at_once_and_holds_up_no_other(desk: Desk, payload: str) -> None:
    desk.receives("evt_1", type="part.changed", payload=payload)
    desk.receives("evt_2")
    assert desk.works() == 2
    assert desk.row("evt_1").state == "dead"
    assert "cannot be read" in (desk.row("evt_1").reason or "")
    assert desk.row("evt_2").state == "handled"


def test_an_event_that_names_nothing_is_ignored(desk: Desk) -> None:
    desk.receives("evt_1", object_id=None)
    desk.works()
    assert (desk.row("evt_1").state, desk.seen) == ("ignored", [])


def test_two_workers_at_the_same_instant_look_at_each_thing_once(desk: Desk) -> None:
    for number in range(20):
        desk.receives(f"evt_{number}", f"thing_{number}")
    barrier = Barrier(2)

    def work(_worker: int) -> int:
        barrier.wait()
        return desk.works()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 20
    assert len(desk.seen) == len(set(desk.seen)) == 20


def payloads(session: Session) -> dict[str, str | None]:
    return {row.id: row.payload for row in session.execute(select(StripeEvent.id, StripeEvent.payload))}


def test_the_text_of_an_event_is_forgotten_after_thirty_days_but_not_that_it_came(
    desk: Desk, session: Session, settings: Settings
) -> None:
    old, new = desk.clock.now() - timedelta(days=31), desk.clock.now() - timedelta(days=29)
    desk.receives("evt_old", received_at=old, state="handled")
    desk.receives("evt_dead", received_at=old, state="dead")
    desk.receives("evt_waiting", received_at=old)
    desk.receives("evt_new", received_at=new, state="handled")
    assert forget_payloads(seams(desk, settings)) == 2
    assert payloads(session) == {"evt_old": None, "evt_dead": None, "evt_waiting": "{}", "evt_new": "{}"}
    kept = desk.row("evt_old")
    assert (kept.type, kept.object_id, kept.received_at) == ("thing.changed", "thing_1", old)


def test_how_long_the_text_is_kept_is_a_setting(desk: Desk, settings: Settings, now: datetime) -> None:
    desk.receives("evt_1", received_at=now - timedelta(days=8), state="handled")
    assert forget_payloads(seams(desk, settings)) == 0
    shorter = demo_settings(settings.database_url, settings.instance, keep_event_payloads_days=7)
    assert forget_payloads(seams(desk, shorter)) == 1


def seams(desk: Desk, settings: Settings) -> Seams:
    return Seams(settings, desk.database, desk.clock, mail=None, gateway=FakeGateway())  # type: ignore[arg-type]  # nobody writes


def test_forgetting_goes_in_steps_until_nothing_old_is_left(
    desk: Desk, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("membership.payments.forgetting.BATCH", 2)
    for number in range(5):
        desk.receives(f"evt_{number}")
    long_ago = desk.clock.now() - timedelta(days=31)
    with transaction(session):
        session.execute(update(StripeEvent).values(state="handled", received_at=long_ago))
    assert forget_payloads(seams(desk, settings)) == 5
    left = select(func.count()).where(StripeEvent.payload.is_not(None))
    assert session.scalar(left) == 0
