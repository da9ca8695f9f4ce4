"""Stripe's deliveries in a storm: every event three times, shuffled, many at once, with bad ones among them."""

import hmac
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from tests.storms.asking import Line, Lines
from tests.storms.fleet import SECRET, Fleet

WEBHOOK = "/stripe/webhook"
TIMES = 3
AT_ONCE = 16
BAD_SHARE = 0.05
# What marks the ids of bad deliveries: none of these may ever stand in the database.
BAD_ID = "evt_bad_"
AGAIN_SECONDS = 0.05
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Delivery:
    """One event on its way. `how` is good, or what is wrong with it; it is signed when it is sent."""

    body: bytes
    how: str = "good"

    def header(self) -> str:
        """Signs it as Stripe does, or as nobody should."""
        at = int(time.time()) + {"stale": -3600, "future": 3600}.get(self.how, 0)
        secret = "whsec_of_somebody_else" if self.how == "forged" else SECRET
        return f"t={at},v1={hmac.digest(secret.encode(), f'{at}.'.encode() + self.body, 'sha256').hex()}"

    def sent(self) -> bytes:
        """Returns what goes over the wire: cut off after signing, if it is to be altered on the way."""
        return self.body[: len(self.body) // 2] if self.how == "altered" else self.body


BAD = ("forged", "stale", "future", "truncated", "altered")


def all_deliveries(events: Sequence[dict[str, Any]], chance: Random) -> list[Delivery]:
    """Makes the deliveries of these events, in an order that nobody expects."""
    good = [Delivery(_body(event)) for event in events for _ in range(TIMES)]
    how_many_bad = max(len(BAD), int(len(good) * BAD_SHARE))
    bad = [_spoilt(chance.choice(events), number, chance) for number in range(how_many_bad)]
    mixed = good + bad
    chance.shuffle(mixed)
    return mixed


def _spoilt(event: dict[str, Any], number: int, chance: Random) -> Delivery:
    how = BAD[number] if number < len(BAD) else chance.choice(BAD)
    body = _body(event | {"id": f"{BAD_ID}{number}"})
    return Delivery(body[: len(body) // 2] if how == "truncated" else body, how)


def _body(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


@dataclass
class Answers:
    """How the webhook answered: by what was sent, and the status. Status 0: the process died under it."""

    counted: Counter[tuple[str, int]]

    def by_status(self) -> Counter[int]:
        """Counts the answers of each status."""
        found: Counter[int] = Counter()
        for (_, status), number in self.counted.items():
            found[status] += number
        return found

    def accepted(self) -> list[str]:
        """Names what should have been refused and was not."""
        return sorted({how for how, status in self.counted if how != "good" and status not in (0, 400)})


def deliver(
    fleet: Fleet, deliveries: Sequence[Delivery], chance: Random, *, between: Callable[[int], None] = lambda _done: None
) -> Answers:
    """Posts deliveries, 16 at once, each until it is answered with 200 or 400, as Stripe goes on trying.

    `between(done)` is called again and again on the way, with how many have been answered.
    """
    todo = [(each, chance.randrange(len(fleet.ports))) for each in deliveries]
    with Lines() as lines, ThreadPoolExecutor(AT_ONCE) as pool:
        crew = _Crew(fleet.ports, lines, todo)
        working = [pool.submit(crew.work) for _ in range(AT_ONCE)]
        while wait(working, timeout=AGAIN_SECONDS).not_done:
            between(crew.done)
        for each in working:
            each.result()
    return Answers(crew.counted)


def deliver_once(fleet: Fleet, deliveries: Sequence[Delivery], chance: Random) -> list[int]:
    """Posts each delivery once, 16 at once, and returns the statuses in their order; 0 where nobody answered."""
    with Lines() as lines, ThreadPoolExecutor(AT_ONCE) as pool:
        ports = [chance.choice(fleet.ports) for _ in deliveries]
        return list(pool.map(lambda delivery, port: _post(lines.to(port), delivery), deliveries, ports))


def _post(line: Line, delivery: Delivery) -> int:
    return line.ask("POST", WEBHOOK, delivery.sent(), {"Stripe-Signature": delivery.header()}).status


class _Crew:
    """Those who deliver: each takes what is next, and carries it from one app to the other until it is answered."""

    def __init__(self, ports: Sequence[int], lines: Lines, todo: list[tuple[Delivery, int]]) -> None:
        self._ports, self._lines = ports, lines
        self._todo, self._lock = iter(todo), threading.Lock()
        self.counted: Counter[tuple[str, int]] = Counter()
        self.done = 0

    def work(self) -> None:
        while (taken := self._next()) is not None:
            for status in self._carry(*taken):
                with self._lock:
                    self.counted[taken[0].how, status] += 1
            with self._lock:
                self.done += 1

    def _next(self) -> tuple[Delivery, int] | None:
        with self._lock:
            return next(self._todo, None)

    def _carry(self, delivery: Delivery, first: int) -> Iterator[int]:
        begun, pause = time.monotonic(), threading.Event()
        for turn in count(first):
            status = _post(self._lines.to(self._ports[turn % len(self._ports)]), delivery)
            yield status
            if status in (200, 400):
                return
            assert time.monotonic() < begun + PATIENCE_SECONDS, f"answered only {status} for a minute"
            pause.wait(AGAIN_SECONDS)
