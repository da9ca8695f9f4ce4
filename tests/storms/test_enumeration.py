"""Nobody learns by the time an answer takes whether an address is somebody's, however often they ask."""

import http.client
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

import pytest

from membership.db import Database
from tests.accounts.doors import person
from tests.conftest import NOW
from tests.processes.alive import ADDRESS
from tests.storms.asking import PATIENCE_SECONDS
from tests.storms.conftest import Ground
from tests.storms.fleet import Fleet
from tests.storms.giving import network

TRIES = 1500
# Before processes and databases are warm, everything takes longer.
WARMING = 60
REQUEST = re.compile(r'name="request" value="([^"]+)"')
VARIES = re.compile(
    r'(?<=name="challenge" value=")[^"]+|(?<=data-options=")[^"]+|(?<=request=)[\w.-]+|.…0@example\.org'
)
OURS = ("X-Request-Id", "Date")


@dataclass(frozen=True)
class Try:
    """One question about one address: what came back, without what differs each time, and how long it took."""

    known: bool
    came: tuple[str, ...]
    seconds: float


@pytest.mark.storm_full
def test_fifteen_hundred_tries_tell_nothing(full: Ground, chance: Random) -> None:
    database = Database(full.fleet.url)
    for number in range((TRIES + WARMING) // 2):
        person(database, address(number, known=True), now=NOW)
    database.close()
    tries = ask_about(full.fleet, [number % 2 == 0 for number in range(TRIES + WARMING)], chance)[WARMING:]
    known, unknown = ([each.seconds for each in tries if each.known is it] for it in (True, False))
    area = area_under_curve(known, unknown)
    print(f"{len(tries)} tries, AUC of times {area:.3f}")  # noqa: T201 - by `make storm`

    assert len({each.came for each in tries}) == 1
    assert 0.45 <= area <= 0.55


@pytest.mark.parametrize(
    ("first", "second", "area"),
    [([1, 2], [3, 4], 0.0), ([3, 4], [1, 2], 1.0), ([1, 2], [1, 2], 0.5), ([2], [1, 3], 0.5)],
)
def test_the_area_is_how_often_one_takes_longer_than_the_other(
    first: list[float], second: list[float], area: float
) -> None:
    assert area_under_curve(first, second) == area


def area_under_curve(first: Sequence[float], second: Sequence[float]) -> float:
    """Returns how often one of the first is larger than one of the second; of equals, half."""
    larger = sum((one > other) + (one == other) / 2 for one in first for other in second)
    return larger / (len(first) * len(second))


def address(number: int, *, known: bool) -> str:
    """Invents addresses of one length, so that bytes can be compared."""
    return f"{'k' if known else 'u'}{number:04d}.0@example.org"


def ask_about(fleet: Fleet, order: Sequence[bool], chance: Random) -> list[Try]:
    """Asks for a mail to known and unknown addresses, each once, one after the other and in any order."""
    waiting = [(known, address(number // 2, known=known)) for number, known in enumerate(order)]
    chance.shuffle(waiting)
    line = http.client.HTTPConnection(ADDRESS, fleet.ports[0], timeout=PATIENCE_SECONDS)
    try:
        return [_try(line, known, email, network(chance)) for known, email in waiting]
    finally:
        line.close()


def _try(line: http.client.HTTPConnection, known: bool, email: str, from_network: str) -> Try:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-For": from_network,
    }
    form, _location = _ask(line, "GET", "/sign-in", None, headers)
    found = REQUEST.search(form)
    assert found
    fields = urlencode({"email": email, "request": found[1], "next": ""}).encode()
    begun = time.perf_counter()
    answer, location = _ask(line, "POST", "/sign-in", fields, headers)
    page, _location = _ask(line, "GET", location, None, headers)
    seconds = time.perf_counter() - begun
    came = tuple(VARIES.sub("…", text.replace(found[1], "R")) for text in (answer, page))
    return Try(known, came, seconds)


def _ask(
    line: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[str, str]:
    line.request(method, path, body, headers)
    came = line.getresponse()
    told = sorted((name, value) for name, value in came.getheaders() if name.title() not in OURS)
    return f"{came.status} {told} {came.read().decode()}", came.headers.get("Location", "")
