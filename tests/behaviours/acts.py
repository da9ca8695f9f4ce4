"""What tests of behaviours do besides giving and paying: let things go wrong, hand over single events, look at rows."""

import json
import re
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import stripe
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.people import account_for
from membership.accounts.roles import grant
from membership.db import transaction
from membership.patrons.models import Pledge
from membership.patrons.who import standing_of
from membership.payments.balance_check import BalanceCheck, check_balance
from membership.payments.models import Attempt, Payment, StripeEvent
from tests.money import GOOD, World
from tests.stripe_sandbox.steps import Answer, Browser

PATRON = "patron@example.org"
FINANCE = "finance@example.org"


def written_day(moment: datetime) -> str:
    """Returns a day as letters and pages have it, in the newsroom's zone."""
    there = moment.astimezone(ZoneInfo("Europe/Kyiv"))
    return f"{there.day} {there:%B %Y}"


def console(newsroom: World, path: str, body: Any) -> Any:
    """Tells the sandbox's console something and returns what it answers."""
    answer = Browser(newsroom.sandbox.url).post_json(f"/_sandbox/{path}", body)
    assert answer.status == 200, answer.text
    return answer.json


def goes_wrong(newsroom: World, kind: str, **fault: Any) -> None:
    """Lets something go wrong at Stripe from now on."""
    console(newsroom, "faults", {"kind": kind} | fault)


def goes_well_again(newsroom: World) -> None:
    """Takes all faults back."""
    console(newsroom, "faults/removal", {})


def pays(newsroom: World, checkout_url: str, **typed: str) -> Answer:
    """Fills in the hosted page with whatever is typed, a good card unless something else is, and submits it."""
    card = {"card_number": GOOD, "card_expiry": "12/34", "card_cvc": "123", "email": "donor@example.org"}
    return Browser(newsroom.sandbox.url).post(urlsplit(checkout_url).path, card | typed)


def given(newsroom: World, card: str = GOOD) -> str:
    """Gives €5 by this card, lets the newsroom hear of it, and returns the payment intent."""
    assert pays(newsroom, newsroom.give(newsroom.browser()).location, card_number=card).status == 303
    newsroom.settle()
    newsroom.collect()
    return str(newsroom.api.v1.checkout.sessions.list({"limit": 1}).data[0].payment_intent)


def has_finance(newsroom: World) -> None:
    """Gives the newsroom somebody who looks after its money."""
    with newsroom.session() as session, transaction(session):
        now = newsroom.clock.now()
        account, _made = account_for(session, FINANCE, language="en", now=now)
        grant(session, account, "finance", by=None, now=now)


def told(newsroom: World) -> list[str]:
    """Returns what finance was written to about, oldest first."""
    letters = [message for message in newsroom.letters("needs a look") if message["To"] == FINANCE]
    return [text_of(message) for message in letters]


def text_of(letter: EmailMessage) -> str:
    """Returns a mail as plain text."""
    body = letter.get_body(("plain",))
    return str(body.get_content()) if body else ""


def pledged(newsroom: World, **fields: str) -> None:
    """Pledges €5 a month with a good card, and lets the newsroom hear of it."""
    newsroom.give_and_pay(newsroom.browser(), **{"cadence": "month", "email": PATRON} | fields)
    newsroom.settle()


def signed_in(newsroom: World, email: str = PATRON) -> FlaskClient:
    """Returns the browser of somebody who has just signed in by mail."""
    client = newsroom.browser()
    request = re.search(r'name="request" value="([^"]+)"', client.get("/sign-in").text)
    client.post("/sign-in", data={"email": email, "request": request[1] if request else ""})
    newsroom.work()
    letter = newsroom.letters("is your code")[-1]
    link = re.search(r"http://localhost:8000(/sign-in/\S+)", str(letter.get_body(("plain",))))
    assert link
    assert client.post(link[1]).status_code == 303
    return client


def hand_over(newsroom: World, event: stripe.Event) -> None:
    """Delivers one event, and lets the worker run."""
    assert newsroom.post_event(body_of(event)).status_code == 200
    newsroom.work()


def body_of(event: stripe.Event) -> bytes:
    """Returns an event as it travels."""
    return json.dumps(event.to_dict(), default=str).encode()


def latest(newsroom: World, event_type: str) -> stripe.Event:
    """Returns the newest event of a type."""
    return [event for event in newsroom.events() if event.type == event_type][-1]


def reference_of(newsroom: World) -> str:
    """Returns the reference of the only attempt."""
    with newsroom.session() as session:
        return session.scalars(select(Attempt.reference)).one()


def attempt_states(newsroom: World) -> list[str]:
    """Returns how the attempts stand, oldest first."""
    with newsroom.session() as session:
        return list(session.scalars(select(Attempt.state).order_by(Attempt.id)))


def payment_states(newsroom: World) -> list[str]:
    """Returns how the payments stand, oldest first."""
    with newsroom.session() as session:
        return list(session.scalars(select(Payment.state).order_by(Payment.id)))


def event_states(newsroom: World) -> set[str]:
    """Returns in which states there are stored events."""
    with newsroom.session() as session:
        return set(session.scalars(select(StripeEvent.state)))


def pledge_of(newsroom: World) -> Pledge:
    """Returns the only pledge."""
    with newsroom.session() as session:
        return session.scalars(select(Pledge)).one()


def standing_kind(newsroom: World) -> str:
    """Says how the owner of the only pledge stands now."""
    with newsroom.session() as session:
        account_id = session.scalars(select(Pledge.account_id)).one()
        return standing_of(session, account_id, now=newsroom.clock.now()).kind


def checkouts(newsroom: World) -> list[str]:
    """Returns how the Checkout sessions stand at Stripe."""
    return [str(each.status) for each in newsroom.api.v1.checkout.sessions.list({"limit": 100}).data]


def checked(newsroom: World) -> BalanceCheck:
    """Compares the ledger with Stripe's balance."""
    with newsroom.app.app_context():
        return check_balance(newsroom.database, newsroom.app.extensions["gateway"])
