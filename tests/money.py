"""A newsroom with a sandbox behind it, and the acts of money tests: give, pay, deliver, work, advance."""

import hmac
import http.client
import json
import re
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import stripe
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from membership.clock import Clock, ShiftedClock
from membership.db import Database, current_session, transaction
from membership.factory import create_app
from membership.mail.transport import ListTransport
from membership.newsroom.commands import load_tables
from membership.outbox.worker import carry_out
from membership.payments.ledger import collect_movements
from membership.payments.setting_up import set_up
from membership.settings import ROOT, Settings
from membership.stripe_sandbox.server import Sandbox
from membership.wiring import EVENTS, LOADERS, ROUNDS, TASKS

GOOD = "4242424242424242"
DECLINED = "4000000000000002"
FAILS_LATER = "4000009999999991"
DAY = 86_400
WORDS = ROOT / "membership" / "demo" / "newsroom.toml"


@dataclass
class World:
    """The application, its database, its mail, and the sandbox that plays Stripe."""

    app: Flask
    sandbox: Sandbox
    mail: ListTransport
    clock: Clock
    secret: str = "whsec_invented"
    delivered: set[str] = field(default_factory=set)

    @property
    def database(self) -> Database:
        database: Database = self.app.extensions["database"]
        return database

    @property
    def api(self) -> stripe.StripeClient:
        bases: Any = dict.fromkeys(("api", "connect", "files", "meter_events"), self.sandbox.url)
        return stripe.StripeClient("sk_test_invented", base_addresses=bases, max_network_retries=0)

    def session(self) -> Session:
        return self.database.session()

    def browser(self) -> FlaskClient:
        """A reader's browser without scripts."""
        client = self.app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        return client

    def form_token(self, client: FlaskClient) -> str:
        """Opens the form and returns its token."""
        found = re.search(r'name="token" value="([^"]+)"', client.get("/support").text)
        assert found
        return found[1]

    def give(self, client: FlaskClient, **fields: str) -> TestResponse:
        """Opens the form, fills it in and sends it; without words: €5 once by donor@example.org."""
        values = {"cadence": "once", "currency": "EUR", "amount": "5", "email": "donor@example.org"} | fields
        token = values.pop("token", None) or self.form_token(client)
        return client.post("/support/checkout", data={"token": token, **values})

    def pay(self, checkout_url: str, card: str = GOOD) -> "Paid":
        """Fills in the hosted page and submits it."""
        typed = {"email": "donor@example.org", "card_number": card, "card_expiry": "12/34", "card_cvc": "123"}
        return self._post(urlsplit(checkout_url).path, typed)

    def give_and_pay(self, client: FlaskClient, **fields: str) -> str:
        """Gives and pays with a good card; returns the path of the thanks page."""
        answer = self.give(client, **fields)
        assert answer.status_code == 303, answer.text
        paid = self.pay(answer.location)
        assert paid.status == 303, paid.text
        return urlsplit(paid.location).path

    def events(self) -> list[stripe.Event]:
        """Returns the sandbox's events, oldest first."""
        return list(self.api.v1.events.list({"limit": 100}).auto_paging_iter())[::-1]

    def deliver(self, *, again: bool = False) -> int:
        """Posts the events that were not delivered yet (or all of them) to the webhook, signed as Stripe signs."""
        events = [event for event in self.events() if again or event.id not in self.delivered]
        for event in events:
            answer = self.post_event(json.dumps(event.to_dict(), default=str).encode())
            assert answer.status_code == 200, answer.text
            self.delivered.add(event.id)
        return len(events)

    def post_event(self, body: bytes, header: str | None = None) -> TestResponse:
        """Posts a body to the webhook, with a good signature unless another header is given."""
        headers = {"Stripe-Signature": self.sign(body) if header is None else header}
        return self.app.test_client().post("/stripe/webhook", data=body, headers=headers)

    def sign(self, body: bytes, *, at: int | None = None, secret: str | None = None) -> str:
        """Signs a body as Stripe does."""
        stamp = int(time.time()) if at is None else at
        digest = hmac.digest((secret or self.secret).encode(), f"{stamp}.".encode() + body, "sha256").hex()
        return f"t={stamp},v1={digest}"

    def work(self) -> None:
        """Lets a worker run until it finds nothing more to do."""
        seams = self.app.extensions["seams"]
        tasks = {kind: partial(carry, seams) for kind, carry in TASKS.items()}
        with self.app.app_context():
            while sum(each(seams) for each in ROUNDS) + carry_out(self.database, tasks, self.clock):
                pass

    def collect(self) -> int:
        """Lists the Stripe account at once, as the worker does within seconds."""
        return collect_movements(self.database, self.app.extensions["gateway"])

    def settle(self) -> None:
        """Delivers what happened and lets the worker run."""
        self.deliver()
        self.work()

    def advance(self, seconds: int) -> None:
        """Moves the clock of sandbox and application, and runs what falls due at Stripe."""
        assert self._post("/_sandbox/advance", {"seconds": str(seconds)}).status in (200, 303)

    def letters(self, subject: str) -> list[EmailMessage]:
        """Returns the mails whose subject contains these words."""
        return [message for message in self.mail.sent if subject in str(message["Subject"])]

    def _post(self, path: str, form: dict[str, str]) -> "Paid":
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.url).netloc, timeout=15)
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request("POST", path, urlencode(form), headers)
            answer = connection.getresponse()
            return Paid(answer.status, answer.headers.get("Location", ""), answer.read().decode())
        finally:
            connection.close()


@dataclass(frozen=True)
class Paid:
    """What the hosted page answered."""

    status: int
    location: str
    text: str


@contextmanager
def world(settings: Settings, sandbox: Sandbox) -> Iterator[World]:
    """Makes a newsroom on these settings that is set up at the sandbox."""
    mail, clock = ListTransport(), ShiftedClock(settings.instance / "clock")
    app = create_app(settings, clock=clock, mail=mail, look_every_seconds=0)
    app.testing = True
    made = World(app, sandbox, mail, clock)
    with app.app_context():
        with transaction(current_session()) as session:
            load_tables(session, tomllib.loads(WORDS.read_text("utf-8")), LOADERS, now=clock.now())
        gateway = app.extensions["gateway"]
        types = sorted(EVENTS.looks)
        made.secret = (
            set_up(gateway, "http://127.0.0.1:1/stripe/webhook", types, name="Newsroom", roll=False) or made.secret
        )
    app.extensions["settings"] = settings.__class__(**{**settings.__dict__, "stripe_webhook_secrets": (made.secret,)})
    yield made
    app.extensions["database"].close()
