"""The sandbox's own figures: ten thousand subscriptions with a year behind them, and simple requests a second."""

import http.client
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.processes import Failed, Server, free_port, started, wait_for_page

SUBSCRIPTIONS = 10_000
YEAR_DAYS = 365
PATIENCE_SECONDS = 600
PRODUCT = "membership_pledge"


@contextmanager
def sandbox(folder: Path, log: Path) -> Iterator[Server]:
    """Serves a sandbox of its own as `make run` does, with the product that pledges are made of."""
    server = Server(free_port(), log)
    command = [sys.executable, "-m", "membership.stripe_sandbox", "--port", str(server.port)]
    command += ["--state", str(folder / "sandbox.db"), "--clock", str(folder / "clock")]
    with started(command, {**os.environ, "MEMBERSHIP_MODE": "demo"}, log) as process:
        wait_for_page(server, process, "/_sandbox/health")
        post(server, "/v1/products", urlencode({"id": PRODUCT, "name": "Pledge"}), "application/x-www-form-urlencoded")
        yield server


def seed_seconds(server: Server) -> float:
    """Seeds monthly patrons who came a year ago; returns how long that took, and checks what was made."""
    patron = {"amount_minor": 500, "currency": "eur", "interval": "month", "started_days_ago": YEAR_DAYS}
    rows = [{"email": f"patron-{number}@example.org", **patron} for number in range(SUBSCRIPTIONS)]
    begun = time.monotonic()
    made = post(server, "/_sandbox/seed", json.dumps({"patrons": rows}), "application/json")["counts"]
    seconds = time.monotonic() - begun
    if made["patrons"] != SUBSCRIPTIONS or made["invoices"] < 12 * SUBSCRIPTIONS:
        raise Failed(f"The sandbox has made something else: {made}")
    return seconds


def post(server: Server, path: str, body: str, content_type: str) -> Any:
    """Posts to the sandbox and returns what it answers. Raises `Failed` unless that is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST", path, body, {"Authorization": "Bearer sk_test_bench", "Content-Type": content_type})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise Failed(f"The sandbox answers {answer.status} to {path}: {text[:500]}")
    return json.loads(text)
