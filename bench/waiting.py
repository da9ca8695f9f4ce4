"""Ten thousand events that wait, as after an outage, and how many of them one worker handles in a second.

The worker's own round is run in this process; the sandbox is a process of its own, as Stripe is a machine of its own.
"""

import time
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from bench.gifts import Gift, plan
from bench.newsroom import WORDS, environ_of, named
from bench.newsroom import application as application_of
from bench.processes import Failed, flask
from bench.sandbox import sandbox
from membership.db import Database, current_session, transaction
from membership.demo.sandbox import seed
from membership.money import Money
from membership.payments.models import StripeEvent
from membership.payments.records import EventSeen
from membership.payments.setting_up import set_up
from membership.wiring import EVENTS, ROUNDS, Seams

EVENTS_WAITING = 10_000
# So many gifts bring more events than that: a donation about four, a pledge that was renewed once about ten.
DONORS, PATRONS = 1_800, 450


def handled_a_second(folder: Path, database_url: str, log: Path) -> float:
    """Makes a newsroom on an empty database and lets its worker empty the inbox. Raises `Failed` if it does not."""
    folder.mkdir()
    with sandbox(folder, log) as server:
        environ = environ_of(folder, database_url) | named(MODE="demo", STRIPE_API_BASE=server.url)
        for words in (("db", "upgrade"), ("newsroom", "load", str(WORDS))):
            flask(environ, *words)
        with application_of(environ) as app:
            _give(app, server.url)
            _receive(app)
            begun = time.monotonic()
            seams: Seams = app.extensions["seams"]
            while sum(each(seams) for each in ROUNDS):
                pass
            seconds = time.monotonic() - begun
            _check(seams.database)
    return EVENTS_WAITING / seconds


def _give(app: Flask, stripe: str) -> None:
    seams: Seams = app.extensions["seams"]
    set_up(seams.gateway, "http://127.0.0.1:1/stripe/webhook", sorted(EVENTS.looks), name="The bench", roll=False)
    gifts = [
        *(Gift(f"donor-{each}@example.org", "once", Money(500, "EUR"), 1 + each % 28) for each in range(DONORS)),
        *(Gift(f"patron-{each}@example.org", "month", Money(500, "EUR"), 32 + each % 20) for each in range(PATRONS)),
    ]
    with transaction(current_session()) as session:
        planned = plan(session, gifts, now=seams.clock.now())
    seed(stripe, planned)


def _receive(app: Flask) -> None:
    """Keeps the oldest events that Stripe still has as the webhook would have done, in the order in which they came."""
    seams: Seams = app.extensions["seams"]
    now = seams.clock.now()
    events = sorted(seams.gateway.events(sorted(EVENTS.looks), None), key=lambda event: event.created_at)
    if len(events) < EVENTS_WAITING:
        raise Failed(f"The sandbox told of {len(events)} events only.")
    with transaction(current_session()) as session:
        session.add_all(_row(event, number, now) for number, event in enumerate(events[:EVENTS_WAITING]))
    seams.database.analyze()


def _row(event: EventSeen, number: int, now: datetime) -> StripeEvent:
    return StripeEvent(
        id=event.id,
        type=event.type,
        object_id=event.object_id,
        created_at=event.created_at,
        livemode=event.livemode,
        api_version=event.api_version,
        payload=event.body,
        received_at=now,
        state="waiting",
        tries=0,
        next_try_at=now - timedelta(seconds=1) + timedelta(microseconds=number),
    )


def _check(database: Database) -> None:
    with database.session() as session:
        counted = session.execute(select(StripeEvent.state, func.count()).group_by(StripeEvent.state))
        states = {row[0]: row[1] for row in counted}
    if states != {"handled": EVENTS_WAITING}:
        raise Failed(f"Not every event was handled: {states}")
