"""A Stripe that fails in every way while people give: nobody pays twice, everybody is told, no reader notices."""

import statistics
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.storms.asking import Answer, Line
from tests.storms.conftest import Ground
from tests.storms.fleet import SLUG, Fleet
from tests.storms.giving import Submit, fresh_form, network, submit

# What goes wrong at Stripe, and how often in a row. A minute of silence is rare: it holds a thread of the sandbox.
FAULTS: tuple[tuple[dict[str, Any], int], ...] = (
    ({"kind": "lost"}, 6),
    ({"kind": "server_error"}, 6),
    ({"kind": "lock_timeout", "status": 409}, 6),
    ({"kind": "rate_limit", "times": 3}, 6),
    ({"kind": "malformed"}, 6),
    ({"kind": "refused"}, 6),
    ({"kind": "slow", "seconds": 60}, 1),
)
CREATION = {"method": "POST", "path": "/v1/checkout/sessions"}
# So often does a patient person send the form again.
SUBMITS = 5
GIVERS = 4
HONEST_SECONDS = 15
# How often somebody opens an article meanwhile.
READ_SECONDS = 0.02
SHARE = 1.2
LATER_SECONDS = 4000


@dataclass(frozen=True)
class Size:
    """How many scripts, in how many parts, and how long readers are watched before. `noise_seconds`: what p95 may vary
    by on a machine that has other things to do.
    """

    scripts: int
    parts: int
    calm_seconds: float
    noise_seconds: float


SMALL = Size(scripts=12, parts=1, calm_seconds=1, noise_seconds=0.25)
FULL = Size(scripts=1000, parts=20, calm_seconds=60, noise_seconds=0.002)


def test_nobody_pays_twice_when_stripe_fails(small: Ground, chance: Random) -> None:
    play(small.fleet, SMALL, chance)


@pytest.mark.storm_full
def test_nobody_pays_twice_in_a_thousand_failures_of_stripe(full: Ground, chance: Random) -> None:
    play(full.fleet, FULL, chance)


@dataclass
class Told:
    """What those who gave were answered: how often each status, and after how long; and what was paid."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    dishonest: list[str] = field(default_factory=list)
    givers: int = 0

    def note(self, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        self.seconds.append(answer.seconds)
        is_honest = answer.status == 303 or (answer.status == 503 and "Nothing was taken" in answer.text)
        if not is_honest:
            self.dishonest.append(f"{answer.status}: {answer.text[-300:]}")


def play(fleet: Fleet, size: Size, chance: Random) -> None:
    """Plays the scripts, some at once, while somebody reads; then counts who was charged."""
    charged_before = _charged(fleet)
    with reading(fleet) as calm:
        threading.Event().wait(size.calm_seconds)
    told = Told()
    with reading(fleet) as stormy:
        for _ in range(size.parts):
            _play_part(fleet, size.scripts // size.parts, told, chance)
            fleet.stripe.console("faults/removal", {})
            fleet.stripe.advance(LATER_SECONDS)
    charged = _charged(fleet) - charged_before
    articles = f"p95 {_p95(calm) * 1000:.1f} ms calm, {_p95(stormy) * 1000:.1f} ms meanwhile, {len(stormy)} read"
    answers = f"answers {dict(told.statuses)}, the slowest {max(told.seconds):.1f} s"
    print(f"{size.scripts} scripts, {told.givers} paid; {answers}; articles: {articles}")  # noqa: T201 - by `make storm`

    assert told.dishonest == []
    assert max(told.seconds) <= HONEST_SECONDS
    assert [token for token, times in charged.items() if times > 1] == []
    assert len(charged) == told.givers
    assert _p95(stormy) <= SHARE * _p95(calm) + size.noise_seconds


def _play_part(fleet: Fleet, scripts: int, told: Told, chance: Random) -> None:
    seeds = [chance.getrandbits(32) for _ in range(scripts)]
    with ThreadPoolExecutor(GIVERS) as givers:
        for answers, paid in givers.map(lambda seed: _script(fleet, Random(seed)), seeds):
            for answer in answers:
                told.note(answer)
            told.givers += paid


def _script(fleet: Fleet, chance: Random) -> tuple[list[Answer], bool]:
    """Somebody gives while Stripe fails: sends the form until it leads somewhere, and once more, and pays."""
    form, here = fresh_form(fleet), network(chance)
    answers: list[Answer] = []
    for _ in range(SUBMITS):
        for fault in chance.choices(*zip(*FAULTS, strict=True), k=chance.randint(0, 2)):
            fleet.stripe.console("faults", fault | CREATION)
        answers.append(submit(Submit(chance.choice(fleet.ports), here, form)))
        if answers[-1].status == 303:
            break
    pages = [answer.location for answer in answers if answer.status == 303]
    answers.append(submit(Submit(chance.choice(fleet.ports), here, form)))
    # Whoever is led to two pages pays on both, and once more.
    is_paid = [fleet.stripe.pay(page) for page in (*pages, *pages, answers[-1].location) if page]
    answers.append(submit(Submit(chance.choice(fleet.ports), here, form)))
    return answers, any(is_paid)


def _charged(fleet: Fleet) -> Counter[str]:
    """Counts the charges for each attempt's form, as Stripe lists them."""
    return Counter(
        charge["metadata"].get("membership_attempt", charge["id"])
        for charge in fleet.stripe.every("charges")
        if charge["paid"]
    )


@contextmanager
def reading(fleet: Fleet) -> Iterator[list[float]]:
    """Opens an article again and again, at one app and the other, and notes how many seconds each took."""
    taken: list[float] = []
    over = threading.Event()

    def read() -> None:
        lines = [Line(port) for port in fleet.ports]
        turn = 0
        while not over.wait(READ_SECONDS):
            answer = lines[turn % len(lines)].ask("GET", f"/articles/{SLUG}")
            assert answer.status == 200
            taken.append(answer.seconds)
            turn += 1
        for line in lines:
            line.close()

    with ThreadPoolExecutor(1) as reader:
        at_work = reader.submit(read)
        try:
            yield taken
        finally:
            over.set()
            at_work.result()


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]
