"""Events for the webhook: made by the sandbox, multiplied under ids of their own, signed; then counted and drained."""

import hmac
import http.client
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import func, select

from bench.gifts import Gift, plan
from bench.newsroom import WEBHOOK_SECRET, Newsroom, application
from bench.processes import Failed
from membership.db import current_session, transaction
from membership.demo.sandbox import seed
from membership.money import Money
from membership.payments.balance_check import check_balance
from membership.payments.models import StripeEvent
from membership.payments.setting_up import set_up
from membership.wiring import EVENTS, ROUNDS, Seams

HOLE = "@@@"
# So many in a row are about one thing, as when Stripe delivers again what it could not deliver for an hour.
IN_A_ROW = 200
DONATIONS = (Money(500, "EUR"), Money(2000, "USD"), Money(1000, "JPY"))


def templates(newsroom: Newsroom) -> list[str]:
    """Lets the sandbox make donations, and returns the bodies of their events, with a hole for the event's id."""
    stripe = newsroom.with_sandbox["MEMBERSHIP_STRIPE_API_BASE"]
    gifts = [Gift("donor@example.org", "once", amount, days_ago=3) for amount in DONATIONS]
    with application(newsroom.with_sandbox) as app:
        seams: Seams = app.extensions["seams"]
        types = sorted(EVENTS.looks)
        set_up(seams.gateway, "http://127.0.0.1:1/stripe/webhook", types, name="The bench", roll=False)
        with transaction(current_session()) as session:
            planned = plan(session, gifts, now=seams.clock.now())
    seed(stripe, planned)
    events = [event for event in _events(stripe) if event["type"] in EVENTS.looks]
    return [json.dumps(event | {"id": HOLE}, indent=2) for event in events]


def write(folder: Path, bodies: Sequence[str], *, run: str, count: int) -> tuple[str, ...]:
    """Writes `count` signed deliveries for `webhook.lua`, none like another, and returns the words to tell it."""
    files = [folder / f"body-{number}.json" for number in range(len(bodies))]
    for file, body in zip(files, bodies, strict=True):
        file.write_text(body, "utf-8")
    lines = []
    stamp = int(time.time())
    for number in range(count):
        which = number // IN_A_ROW % len(bodies)
        event_id = f"evt_bench_{run}_{number}"
        signed = f"{stamp}.{bodies[which].replace(HOLE, event_id, 1)}".encode()
        digest = hmac.digest(WEBHOOK_SECRET.encode(), signed, "sha256").hex()
        lines.append(f"{which + 1} {event_id} t={stamp},v1={digest}\n")
    deliveries = folder / "deliveries"
    deliveries.write_text("".join(lines), "utf-8")
    return (str(deliveries), *map(str, files))


def check_stored(newsroom: Newsroom, log: Path, *, seen: int, cut_off: int) -> int:
    """Counts the rows after the server has ended; returns how many there are.

    There must be one for each 200 in the `log` of the server. `seen` is how many of these wrk saw; at most `cut_off`
    came when it had stopped looking.
    """
    answered = sum(b'"status": 200' in line for line in log.read_bytes().splitlines() if b"/stripe/web" in line)
    with application(newsroom.with_sandbox) as app:
        rows = _count(app)
    if rows != answered or not seen <= answered <= seen + cut_off:
        raise Failed(f"The webhook stored {rows} events, answered 200 to {answered}, and wrk saw {seen}.")
    return rows


def drain(newsroom: Newsroom) -> str:
    """Handles every event as the worker does and returns what the ledger then says. Raises `Failed` unless equal."""
    with application(newsroom.with_sandbox) as app:
        seams: Seams = app.extensions["seams"]
        while sum(each(seams) for each in ROUNDS):
            pass
        left = _count(app) - _count(app, "handled")
        check = check_balance(seams.database, seams.gateway)
    lines = ", ".join(f"{currency} {ours} = {theirs}" for currency, ours, theirs in check.lines)
    if left or check.verdict != "equal" or not any(ours for _, ours, _ in check.lines):
        raise Failed(f"{left} events were not handled; the ledger says {check.verdict}: {lines}")
    return f"equal ({lines})"


def _count(app: Flask, state: str | None = None) -> int:
    statement = select(func.count()).select_from(StripeEvent)
    if state is not None:
        statement = statement.where(StripeEvent.state == state)
    with app.extensions["database"].session() as session:
        return int(session.scalars(statement).one())


def _events(stripe: str) -> list[dict[str, Any]]:
    address = urlsplit(stripe)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        connection.request("GET", "/v1/events?limit=100", headers={"Authorization": "Bearer sk_test_bench"})
        listed: list[dict[str, Any]] = json.loads(connection.getresponse().read())["data"]
    finally:
        connection.close()
    return listed
