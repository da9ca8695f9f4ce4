"""Asking the Stripe sandbox over HTTP for a past, and to deliver what it has to say."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

SEED_SECONDS = 120
# What these events of a year tell, its others tell too, each in its turn: a completed session, say, speaks of the
# newest invoice before the older ones have been heard of. Without them a year is handled in a third of the time.
TOLD_TWICE = (
    "charge.succeeded",
    "charge.updated",
    "checkout.session.completed",
    "customer.subscription.created",
    "invoice.upcoming",
)


class SandboxAway(Exception):  # noqa: N818 - named for where it is
    """The sandbox cannot be reached, or does not do what it was asked."""


def seed(base: str, plan: Mapping[str, Any]) -> None:
    """Makes people and payments as if they had come long ago. Raises `SandboxAway`."""
    _ask(base, "POST", "/_sandbox/seed", plan)


def story(base: str, number: int) -> list[dict[str, Any]]:
    """Asks for the year that a number tells, act by act, without anybody living through it. Raises `SandboxAway`."""
    acts: list[dict[str, Any]] = _ask(base, "GET", f"/_sandbox/year?seed={number}")["acts"]
    return acts


def live(base: str, number: int, marks: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Lets the people of a story live through their year, and returns each gift's Checkout session by its key.

    `marks` holds each gift's metadata by its key. Raises `SandboxAway`.
    """
    year = {"seed": number, "metadata_of": marks, "unsent": TOLD_TWICE}
    made = _ask(base, "POST", "/_sandbox/seed", {"year": year})["made"]
    return {each["key"]: each["checkout_session"] for each in made}


def flush(base: str) -> int:
    """Waits until what can be delivered is delivered, and returns how many events still wait. Raises `SandboxAway`."""
    waiting: int = _ask(base, "POST", "/_sandbox/deliveries/flush", {})["waiting"]
    return waiting


def _ask(base: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    address = urlsplit(base)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=SEED_SECONDS)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        response = connection.getresponse()
        text = response.read().decode()
    except (OSError, HTTPException) as error:
        raise SandboxAway(f"The Stripe sandbox does not answer at {base} ({error}). Is `make run` running?") from error
    finally:
        connection.close()
    if response.status != 200:
        raise SandboxAway(f"The Stripe sandbox refused {path} with {response.status}: {text[:300]}")
    return json.loads(text)
