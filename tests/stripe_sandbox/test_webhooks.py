"""Signed deliveries, their retries, and resending from the console."""

import time
from typing import Any

from stripe import StripeClient

from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import Browser, donation


def listening(client: StripeClient, receiver: Receiver, *types: Any) -> str:
    """Makes an endpoint and returns its secret."""
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": list(types)})
    assert endpoint.secret
    return endpoint.secret


def flushed(browser: Browser) -> int:
    waiting: int = browser.post_json("/_sandbox/deliveries/flush", {}).json["waiting"]
    return waiting


def tried(browser: Browser, tries: int) -> Any:
    """Waits until the only delivery has been tried so often, and returns it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        (delivery,) = browser.get("/_sandbox/deliveries").json["data"]
        if delivery["tries"] >= tries:
            return delivery
    raise AssertionError(f"not tried {tries} times: {delivery}")


def test_events_arrive_signed(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    secret = listening(client, receiver, "*")
    session = donation(client)
    browser.pay(session)
    assert flushed(browser) == 0
    events = {event.type: event for event in receiver.events(secret)}
    assert len(events) == 5
    completed = events["checkout.session.completed"]
    assert (completed.livemode, completed.api_version) == (False, "2026-10-28.endive")
    assert completed.data.object["id"] == session.id
    assert events["charge.succeeded"].data.object["balance_transaction"] is None
    assert events["charge.updated"].data.object["balance_transaction"].startswith("txn_")


def test_an_endpoint_gets_only_what_it_asked_for(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "checkout.session.completed")
    browser.pay(donation(client))
    flushed(browser)
    assert receiver.types() == ["checkout.session.completed"]


def test_a_disabled_or_deleted_endpoint_gets_nothing(
    client: StripeClient, browser: Browser, receiver: Receiver
) -> None:
    listening(client, receiver, "*")
    (endpoint,) = client.v1.webhook_endpoints.list().data
    assert "secret" not in endpoint
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    browser.pay(donation(client))
    client.v1.webhook_endpoints.delete(endpoint.id)
    browser.pay(donation(client))
    flushed(browser)
    assert receiver.arrived == []


def test_a_refused_delivery_is_tried_again(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    secret = listening(client, receiver, "checkout.session.completed")
    receiver.answers = [500]
    browser.pay(donation(client))
    assert flushed(browser) == 0
    first, second = receiver.events(secret)
    assert first.id == second.id
    (delivery,) = browser.get("/_sandbox/deliveries").json["data"]
    assert (delivery["state"], delivery["tries"], delivery["answer"]) == ("delivered", 2, "200")


def test_a_delivery_is_given_up_in_the_end(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "checkout.session.completed")
    receiver.answers = [500] * 20
    browser.pay(donation(client))
    for tries in range(1, 13):
        delivery = tried(browser, tries)
        browser.advance(86_400)
    assert delivery["state"] == "failed"
    assert len(receiver.arrived) == 12


def test_the_console_resends(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    secret = listening(client, receiver, "checkout.session.completed")
    browser.pay(donation(client))
    flushed(browser)
    page = browser.get("/_sandbox")
    assert "checkout.session.completed" in page.text
    (delivery,) = browser.get("/_sandbox/deliveries").json["data"]
    answer = browser.post(f"/_sandbox/deliveries/{delivery['id']}/resend", {})
    assert (answer.status, answer.location) == (303, "/_sandbox")
    first, second = receiver.events(secret)
    assert first.id == second.id
    assert browser.post("/_sandbox/deliveries/999/resend", {}).status == 404


def test_an_event_counts_the_endpoints_it_waits_for(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "checkout.session.completed")
    browser.pay(donation(client))
    flushed(browser)
    assert client.v1.events.list().data[0].pending_webhooks == 0
