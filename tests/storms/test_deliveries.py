"""Every event three times, shuffled, 16 at once, bad ones among them, while processes and databases die under it."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from membership.wiring import EVENTS
from tests.storms.books import differences
from tests.storms.conftest import Ground
from tests.storms.deliveries import BAD_ID, Answers, all_deliveries, deliver
from tests.storms.fleet import WORKERS, Fleet
from tests.storms.gifts import give
from tests.storms.rows import count
from tests.storms.settling import settle


@dataclass(frozen=True)
class Size:
    """How large a storm is: gifts, processes killed, servers of the database stopped, and seconds to come to rest."""

    gifts: int
    kills: int
    stops: int = 0
    seconds: float = 60


# Events of types that nobody asked for are stored and ignored: a few show it.
OTHERS = 10
SMALL, SMALL_STOPPED = Size(30, kills=2), Size(30, kills=1, stops=1)
FULL, FULL_STOPPED = Size(10_000, kills=60, seconds=3600), Size(10_000, kills=60, stops=10, seconds=3600)


def test_the_books_are_right_after_a_storm_of_events(small: Ground, chance: Random) -> None:
    answers = storm(small, SMALL, chance)

    assert set(answers.by_status()) <= {0, 200, 400}


def test_the_books_are_right_after_postgresql_was_stopped_hard(small_postgresql: Ground, chance: Random) -> None:
    answers = storm(small_postgresql, SMALL_STOPPED, chance)

    assert answers.by_status()[500] == 0


@pytest.mark.storm_full
def test_ten_thousand_gifts_and_sixty_kills(full: Ground, chance: Random) -> None:
    answers = storm(full, FULL, chance)

    assert set(answers.by_status()) <= {0, 200, 400}


@pytest.mark.storm_full
def test_ten_thousand_gifts_and_postgresql_stopped_hard_ten_times(full_postgresql: Ground, chance: Random) -> None:
    answers = storm(full_postgresql, FULL_STOPPED, chance)

    assert answers.by_status()[500] == 0


def storm(ground: Ground, size: Size, chance: Random) -> Answers:
    """Lets a storm pass over a fleet, and checks what stands afterwards; returns how the webhook answered."""
    fleet, begun = ground.fleet, time.monotonic()
    give(fleet, size.gifts, chance)
    events = untold(fleet)
    deliveries, blows_before = all_deliveries(events, chance), fleet.blows
    answers = deliver(fleet, deliveries, chance, between=_blows(ground, size, len(deliveries), chance))
    fleet.wait_until_up()
    delivered = time.monotonic()
    while events := come_to_rest(fleet, size.seconds):
        deliver(fleet, all_deliveries(events, chance), chance)
    _tell(size, len(deliveries), answers, fleet, (delivered - begun, time.monotonic() - delivered))

    assert fleet.blows - blows_before >= size.kills + size.stops
    assert differences(fleet) == []
    assert answers.accepted() == []
    assert count(fleet.url, f"stripe_events WHERE id LIKE '{BAD_ID}%'") == 0
    assert len(fleet.postbox.ids("Receipt")) == count(fleet.url, "payments WHERE paid_at IS NOT NULL")
    assert fleet.postbox.repeats() <= fleet.blows
    return answers


def untold(fleet: Fleet) -> list[dict[str, Any]]:
    """Returns the events that an endpoint would hear of, with a few others, and remembers them as told."""
    new = [event for event in fleet.stripe.every("events") if event["id"] not in fleet.told]
    fleet.told.update(event["id"] for event in new)
    others = [event for event in new if event["type"] not in EVENTS.looks]
    return [event for event in new if event["type"] in EVENTS.looks] + others[:OTHERS]


def come_to_rest(fleet: Fleet, seconds: float) -> list[dict[str, Any]]:
    """Waits until nothing is left to do; returns what happened at Stripe meanwhile, because the clock went on."""
    settle(fleet, seconds=seconds)
    return untold(fleet)


def _blows(ground: Ground, size: Size, deliveries: int, chance: Random) -> Callable[[int], None]:
    """Plans when somebody is killed, or the database stopped: by how many deliveries have been answered."""
    planned = [_kill] * size.kills + [_stop] * size.stops
    chance.shuffle(planned)
    moments = sorted(chance.sample(range(deliveries // 20, deliveries * 3 // 4), len(planned)))
    plan = list(zip(moments, planned, strict=True))

    def between(done: int) -> None:
        while plan and plan[0][0] <= done:
            plan.pop(0)[1](ground, chance)

    return between


def _kill(ground: Ground, chance: Random) -> None:
    ground.fleet.strike(chance)


def _stop(ground: Ground, chance: Random) -> None:
    assert ground.cluster is not None
    ground.cluster.stop_hard(chance.choice((signal.SIGKILL, signal.SIGQUIT)))
    ground.cluster.start()
    # Each worker may have been between the mail server's answer and its own commit.
    ground.fleet.blows += WORKERS


def _tell(size: Size, deliveries: int, answers: Answers, fleet: Fleet, seconds: tuple[float, float]) -> None:
    print(  # noqa: T201 - shown when the storm finds something, and by `make storm`
        f"{size.gifts} gifts, {deliveries} deliveries in {seconds[0]:.1f} s, at rest {seconds[1]:.1f} s later; "
        f"{size.kills} kills, {size.stops} stops, {fleet.postbox.repeats()} letters again; "
        f"answers {dict(sorted(answers.by_status().items()))}"
    )
