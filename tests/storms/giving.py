"""Somebody at the form of giving, over HTTP: a token of it, and submits of it from networks of one's own choice."""

import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from tests.storms.asking import Answer, Line, ask_once
from tests.storms.fleet import Fleet

GIFT = {"cadence": "once", "currency": "EUR", "amount": "5"}
TOKEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass(frozen=True)
class Submit:
    """The form, sent once: to one app, from one network, with these fields."""

    port: int
    network: str
    fields: Mapping[str, str]

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
            "X-Forwarded-For": self.network,
        }

    def over(self, line: Line) -> Answer:
        """Sends it over an open line."""
        return line.ask("POST", "/support/checkout", urlencode(self.fields).encode(), self.headers)


def fresh_form(fleet: Fleet) -> dict[str, str]:
    """Opens the form and fills it in: €5 once."""
    found = TOKEN.search(ask_once(fleet.ports[0], "GET", "/support").text)
    assert found
    return GIFT | {"token": found[1]}


def network(chance: Random) -> str:
    """Invents an address somewhere on earth; no two are in one network but by chance."""
    return f"{chance.randint(20, 90)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"


def submit(form: Submit) -> Answer:
    """Sends a form on a connection of its own."""
    line = Line(form.port)
    try:
        return form.over(line)
    finally:
        line.close()


def submit_at_once(forms: Sequence[Submit]) -> list[Answer]:
    """Sends all of them at the same instant: each waits with an open connection until all do."""
    gate = threading.Barrier(len(forms))

    def send(form: Submit) -> Answer:
        line = Line(form.port)
        try:
            line.open()
            gate.wait()
            return form.over(line)
        finally:
            line.close()

    with ThreadPoolExecutor(len(forms)) as crowd:
        return list(crowd.map(send, forms))
