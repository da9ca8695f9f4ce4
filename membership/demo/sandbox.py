"""Asking the Stripe sandbox over HTTP for a past, and to deliver what it has to say."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

SEED_SECONDS = 120


class SandboxAway(Exception):  # noqa: N818 - named for where it is
    """The sandbox cannot be reached, or does not do what it was asked."""


def seed(base: str, plan: Mapping[str, Any]) -> None:
    """Makes people and payments as if they had come long ago. Raises `SandboxAway`."""
    _post(base, "/_sandbox/seed", plan)


def flush(base: str) -> int:
    """Waits until what can be delivered is delivered, and returns how many events still wait. Raises `SandboxAway`."""
    waiting: int = _post(base, "/_sandbox/deliveries/flush", {})["waiting"]
    return waiting


def _post(base: str, path: str, body: Mapping[str, Any]) -> Any:
    address = urlsplit(base)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=SEED_SECONDS)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    try:
        connection.request("POST", path, json.dumps(body).encode(), headers)
        response = connection.getresponse()
        text = response.read().decode()
    except (OSError, HTTPException) as error:
        raise SandboxAway(f"The Stripe sandbox does not answer at {base} ({error}). Is `make run` running?") from error
    finally:
        connection.close()
    if response.status != 200:
        raise SandboxAway(f"The Stripe sandbox refused {path} with {response.status}: {text[:300]}")
    return json.loads(text)
