"""Every served answer and event against the SDK's own types; and the checker against planted errors."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stripe import StripeClient

from membership.stripe_sandbox.protocol.routing import ROUTES
from membership.stripe_sandbox.protocol.shapes import Json, problems
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import DAY, DECLINED, FAILS_LATER, Browser, donation, pledge

# Lists that Stripe answers for one object alone.
LISTED_FOR = {
    "/v1/payment_methods": "?customer={customers}",
    "/v1/subscription_items": "?subscription={subscriptions}",
}


def lived(client: StripeClient, browser: Browser, receiver: Receiver) -> dict[str, str]:
    """Lets everything happen that can, and returns an id for each kind of object."""
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["charge.failed"]})
    given = donation(client, 20_000, "uah")
    browser.pay(given, DECLINED)
    browser.pay(given)
    intent: Any = client.v1.checkout.sessions.retrieve(given.id, {"expand": ["payment_intent"]}).payment_intent
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 900})
    failing, ending = pledge(client, interval="week"), pledge(client, interval="year")
    browser.pay(failing, FAILS_LATER)
    browser.pay(ending)
    subscription = str(client.v1.checkout.sessions.retrieve(ending.id).subscription)
    donation(client)
    browser.pay(donation(client, 10_000))
    disputed = {"payment_intent": intent.id}
    warning = browser.post_json("/_sandbox/fraud_warnings", disputed).json
    dispute = browser.post_json("/_sandbox/disputes", disputed).json
    browser.post_json("/_sandbox/settings", {"payment_methods": ["card", "sepa_debit"]})
    debit = {"way": "sepa_debit", "iban": "DE89370400440532013000", "account_name": "O", "email": "o@example.org"}
    browser.post(f"/c/pay/{donation(client).id}", debit)
    mandate = browser.get_api("/v1/charges?limit=1")["data"][0]["payment_method_details"]["sepa_debit"]["mandate"]
    price = client.v1.prices.create({"currency": "eur", "product": "membership_pledge", "unit_amount": 900})
    weekly = str(client.v1.checkout.sessions.retrieve(failing.id).subscription)
    schedule = client.v1.subscription_schedules.create({"from_subscription": weekly})
    features: Any = {"invoice_history": {"enabled": True}}
    configuration = client.v1.billing_portal.configurations.create({"features": features})
    now = browser.get("/_sandbox/health").json["now"]
    test_clock = client.v1.test_helpers.test_clocks.create({"frozen_time": now})
    # Events are kept for 30 days; what is looked at below happens within them.
    browser.advance(25 * DAY)
    client.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    invoice = client.v1.invoices.list().data[0]
    return {
        "balance_transactions": client.v1.balance_transactions.list().data[0].id,
        "charges": intent.latest_charge,
        "configurations": configuration.id,
        "sessions": given.id,
        "customers": str(invoice.customer),
        "disputes": dispute["id"],
        "early_fraud_warnings": warning["id"],
        "events": client.v1.events.list().data[0].id,
        "invoice_payments": client.v1.invoice_payments.list().data[0].id,
        "invoices": invoice.id,
        "mandates": mandate,
        "payment_intents": intent.id,
        "payment_methods": intent.payment_method,
        "payouts": client.v1.payouts.list().data[0].id,
        "prices": price.id,
        "products": "membership_pledge",
        "refunds": refund.id,
        "subscription_schedules": schedule.id,
        "subscriptions": subscription,
        "test_clocks": test_clock.id,
        "webhook_endpoints": endpoint.id,
    }


def test_every_answer_has_the_shape_of_the_sdk(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    ids = lived(client, browser, receiver)
    found: list[str] = []
    asked = [route.path for route in ROUTES if route.method == "GET"]
    for path in asked:
        kind = path.partition("/{id}")[0].rsplit("/", 1)[1]
        query = LISTED_FOR.get(path, "").format(**ids)
        body = browser.get_api(path.replace("{id}", ids.get(kind, "")) + query)
        assert "object" in body, (path, body)
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
