"""The steps of tests about time: a pledge is begun, and the clock is moved beyond its period or to a moment of it."""

import json
from typing import Any

from stripe import Invoice, StripeClient, Subscription

from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.steps import GOOD, Browser, pledge

HOUR = 3600


def begun(
    client: StripeClient, browser: Browser, card: str = GOOD, amount: int = 500, interval: str = "month"
) -> Subscription:
    """Makes a pledge that is paid by this card."""
    session = pledge(client, amount, interval)
    assert browser.pay(session, card).status == 303
    after = client.v1.checkout.sessions.retrieve(session.id)
    return client.v1.subscriptions.retrieve(str(after.subscription))


def item_of(subscription: Subscription) -> Any:
    """Returns the one item of a subscription."""
    return subscription["items"].data[0]


def period_end(subscription: Subscription) -> int:
    return int(item_of(subscription).current_period_end)


def time_of(browser: Browser) -> int:
    """Returns the sandbox's time."""
    return int(browser.get("/_sandbox/health").json["now"])


def move_to(browser: Browser, moment: int) -> None:
    """Moves the clock to a moment."""
    assert browser.post_json("/_sandbox/advance", {"to": moment}).status == 200


def into_next_period(client: StripeClient, browser: Browser, subscription: Subscription) -> Subscription:
    """Moves the clock just beyond the period: its invoice is drafted."""
    move_to(browser, period_end(subscription) + 1)
    return client.v1.subscriptions.retrieve(subscription.id)


def past_period(client: StripeClient, browser: Browser, subscription: Subscription) -> Subscription:
    """Moves the clock an hour beyond the period: its invoice is finalised, and was tried."""
    move_to(browser, period_end(subscription) + HOUR + 1)
    return client.v1.subscriptions.retrieve(subscription.id)


def latest(client: StripeClient, subscription: Subscription) -> Invoice:
    """Returns the newest invoice of a subscription."""
    now = client.v1.subscriptions.retrieve(subscription.id)
    return client.v1.invoices.retrieve(str(now.latest_invoice))


def billing(browser: Browser, **settings: Any) -> None:
    """Changes the account's billing settings."""
    assert browser.post_json("/_sandbox/billing", settings).status == 200


def price(amount: int, interval: str = "month", currency: str = "eur") -> Any:
    """Returns `price_data` of the pledge."""
    recurring = {"interval": interval}
    return {"currency": currency, "unit_amount": amount, "product": "membership_pledge", "recurring": recurring}


def sound(client: StripeClient) -> None:
    """Checks that every event, and the object in it, has the shape of the SDK's types."""
    events = [json.loads(str(event)) for event in client.v1.events.list({"limit": 100}).auto_paging_iter()]
    assert [problem for event in events for problem in problems(event)] == []
    assert [problem for event in events for problem in problems(event["data"]["object"])] == []


def types_since(client: StripeClient, moment: int) -> list[str]:
    """Returns the types of the events from a moment on, oldest first."""
    events = client.v1.events.list({"limit": 100, "created": {"gte": moment}}).auto_paging_iter()
    return [str(event.type) for event in events][::-1]
