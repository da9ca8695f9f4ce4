"""Every served answer and event against the SDK's own types; and the checker against planted errors."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stripe import StripeClient

from membership.stripe_sandbox.routing import ROUTES
from membership.stripe_sandbox.shapes import Json, problems
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import ATTACHES_THEN_FAILS, DAY, DECLINED, Browser, donation, pledge


def lived(client: StripeClient, browser: Browser, receiver: Receiver) -> dict[str, str]:
    """Lets everything happen that can, and returns an id for each kind of object."""
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["charge.failed"]})
    given = donation(client, 20_000, "uah")
    browser.pay(given, DECLINED)
    browser.pay(given)
    intent: Any = client.v1.checkout.sessions.retrieve(given.id, {"expand": ["payment_intent"]}).payment_intent
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 900})
    failing, ending = pledge(client), pledge(client, interval="year")
    browser.pay(failing, ATTACHES_THEN_FAILS)
    browser.pay(ending)
    subscription = str(client.v1.checkout.sessions.retrieve(ending.id).subscription)
    donation(client)
    browser.advance(40 * DAY)
    client.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    invoice = client.v1.invoices.list().data[0]
    return {
        "balance_transactions": client.v1.balance_transactions.list().data[0].id,
        "charges": intent.latest_charge,
        "sessions": given.id,
        "customers": str(invoice.customer),
        "events": client.v1.events.list().data[0].id,
        "invoices": invoice.id,
        "payment_intents": intent.id,
        "products": "membership_pledge",
        "refunds": refund.id,
        "subscriptions": subscription,
        "webhook_endpoints": endpoint.id,
    }


def test_every_answer_has_the_shape_of_the_sdk(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    ids = lived(client, browser, receiver)
    found: list[str] = []
    asked = [route.path for route in ROUTES if route.method == "GET"]
    for path in asked:
        kind = path.split("/")[-2]
        body = browser.get_api(path.replace("{id}", ids.get(kind, "")))
        each = body["data"] if body["object"] == "list" else [body]
        assert each, path
        for one in each:
            found += problems(one)
    assert found == []


def test_every_event_carries_an_object_of_the_right_shape(
    client: StripeClient, browser: Browser, receiver: Receiver
) -> None:
    lived(client, browser, receiver)
    events = [json.loads(str(event)) for event in client.v1.events.list({"limit": 100}).auto_paging_iter()]
    assert {event["type"] for event in events} >= {
        "charge.failed",
        "charge.refunded",
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "checkout.session.expired",
        "customer.created",
        "customer.subscription.created",
        "customer.subscription.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "product.created",
        "refund.created",
    }
    assert [problem for event in events for problem in problems(event["data"]["object"])] == []
    assert [problem for event in events for problem in problems(event)] == []


def _drop(name: str) -> Callable[[Json], Any]:
    return lambda body: body.pop(name)


def _set(value: Any, *path: Any) -> Callable[[Json], Any]:
    def change(body: Json) -> None:
        below: Any = body
        for name in path[:-1]:
            below = below[name]
        below[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_drop("items"), "items is missing"),
        (_drop("status"), "status is missing"),
        (_drop("metadata"), "metadata is missing"),
        (_set("gone", "status"), "which the SDK does not list"),
        (_set(None, "currency"), "currency is null"),
        (_set("1", "created"), "not int"),
        (_set(1, "cancel_at_period_end"), "not bool"),
        (_set(1, "current_period_end"), "is not a field"),
        (_set(None, "items", "data", 0, "current_period_end"), "current_period_end is null"),
        (_set("fortnight", "items", "data", 0, "price", "recurring", "interval"), "which the SDK does not list"),
        (_set([], "items"), "no list object"),
        (_set({}, "automatic_tax"), "enabled is missing"),
        (_set("none", "object"), "unknown object name"),
    ],
)
def test_the_checker_finds_planted_errors(
    client: StripeClient, browser: Browser, change: Callable[[Json], Any], words: str
) -> None:
    browser.pay(pledge(client))
    body = json.loads(str(client.v1.subscriptions.list().data[0]))
    assert problems(body) == []
    change(body)
    assert words in " ".join(problems(body))
