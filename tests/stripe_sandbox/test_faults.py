"""Faults on demand: each kind as the SDK and a receiver of webhooks meet it, and how long it goes on."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from stripe import (
    APIConnectionError,
    APIError,
    RateLimitError,
    SignatureVerificationError,
    StripeClient,
    StripeError,
    Webhook,
)

from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import Browser, donation
from tests.stripe_sandbox.test_webhooks import flushed, listening


def failing(browser: Browser, kind: str, **fields: Any) -> Any:
    """Asks for a fault and returns it."""
    answer = browser.post_json("/_sandbox/faults", {"kind": kind} | fields)
    assert answer.status == 200, answer.text
    return answer.json


def make_mug(client: StripeClient) -> Any:
    return client.v1.products.create({"name": "Mug"})


def mugs(client: StripeClient) -> int:
    return len([product for product in client.v1.products.list().data if product.name == "Mug"])


def code_of(error: StripeError) -> str | None:
    """Returns Stripe's code of an error; not every class of the SDK's says it itself."""
    return error.error.code if error.error else None


MET: list[tuple[str, type[StripeError], int | None, str | None, int]] = [
    ("rate_limit", RateLimitError, 429, "rate_limit", 0),
    ("lock_timeout", APIError, 409, "lock_timeout", 0),
    ("server_error", APIError, 500, None, 0),
    ("down", APIError, 503, None, 0),
    ("refused", APIConnectionError, None, None, 0),
    ("lost", APIConnectionError, None, None, 1),
    ("malformed", APIError, 200, None, 1),
]


@pytest.mark.parametrize(("kind", "error", "status", "code", "made"), MET, ids=[case[0] for case in MET])
def test_the_sdk_meets_each_fault_once(
    client: StripeClient,
    browser: Browser,
    kind: str,
    error: type[StripeError],
    status: int | None,
    code: str | None,
    made: int,
) -> None:
    failing(browser, kind, method="POST")
    with pytest.raises(error) as failed:
        make_mug(client)
    assert (failed.value.http_status, code_of(failed.value)) == (status, code)
    assert mugs(client) == made
    make_mug(client)
    assert mugs(client) == made + 1
    assert browser.get("/_sandbox/faults").json == {"data": []}


def test_a_slow_answer_comes_late_and_whole(client: StripeClient, browser: Browser) -> None:
    failing(browser, "slow", seconds=1)
    began = time.monotonic()
    assert make_mug(client).name == "Mug"
    assert time.monotonic() - began >= 1


def test_stripe_is_down_for_all_but_the_console(client: StripeClient, browser: Browser) -> None:
    failing(browser, "refused", lasts=600)
    calls: list[Callable[[], Any]] = [client.v1.balance.retrieve, client.v1.events.list, lambda: make_mug(client)]
    for call in calls:
        with pytest.raises(APIConnectionError):
            call()
    assert browser.get("/_sandbox").status == 200
    browser.advance(601)
    assert client.v1.balance.retrieve().object == "balance"


def test_a_fault_is_met_by_the_calls_it_names(client: StripeClient, browser: Browser) -> None:
    failing(browser, "rate_limit", method="GET", path="/v1/products", times=2)
    make_mug(client)
    client.v1.balance.retrieve()
    for _ in range(2):
        with pytest.raises(RateLimitError):
            client.v1.products.list()
    assert mugs(client) == 1


def test_a_lock_timeout_may_also_be_429(client: StripeClient, browser: Browser) -> None:
    failing(browser, "lock_timeout", status=429)
    with pytest.raises(RateLimitError) as failed:
        make_mug(client)
    assert code_of(failed.value) == "lock_timeout"


def test_faults_are_taken_back(client: StripeClient, browser: Browser) -> None:
    first, _ = failing(browser, "refused"), failing(browser, "down")
    assert browser.post(f"/_sandbox/faults/{first['id']}/removal", {}).location == "/_sandbox#faults"
    (left,) = browser.get("/_sandbox/faults").json["data"]
    assert left["kind"] == "down"
    browser.post("/_sandbox/faults/removal", {})
    assert make_mug(client).name == "Mug"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "There is no kind None"),
        ({"kind": "boredom"}, "There is no kind 'boredom'"),
        ({"kind": "lost", "colour": "red"}, "no field colour"),
        ({"kind": "lost", "times": 0}, "times must be between 1"),
        ({"kind": "lost", "times": "often"}, "times must be a whole number"),
        ({"kind": "lost", "until": 5}, "until must be later"),
        ({"kind": "lost", "until": 5, "lasts": 5}, "not both"),
        ({"kind": "lost", "method": "PATCH"}, "method must be one of"),
        ({"kind": "lost", "path": "/_sandbox"}, "path must begin with /v1/"),
        ({"kind": "lost", "type": "*"}, "type chooses webhooks"),
        ({"kind": "drop", "path": "/v1/"}, "path chooses calls"),
        ({"kind": "lost", "seconds": 3}, "seconds means nothing"),
        ({"kind": "slow", "seconds": 61}, "seconds must be between 0 and 60"),
        ({"kind": "slow", "status": 500}, "status means nothing"),
        ({"kind": "down", "status": 200}, "status must be 503"),
    ],
)
def test_a_wrong_fault_is_refused_in_words(browser: Browser, body: dict[str, Any], words: str) -> None:
    answer = browser.post_json("/_sandbox/faults", body)
    assert answer.status == 422
    assert words in answer.json["error"]
    assert browser.get("/_sandbox/faults").json == {"data": []}


def test_the_form_of_the_console_asks_for_faults(client: StripeClient, browser: Browser) -> None:
    form = {"kind": "rate_limit", "method": "", "path": "/v1/", "times": "3", "lasts": "", "seconds": ""}
    assert browser.post("/_sandbox/faults", form).status == 303
    assert "0 of 3 met" in browser.get("/_sandbox").text
    refused = browser.post("/_sandbox/faults", form | {"times": "many"})
    assert refused.status == 422
    assert "times must be a whole number" in refused.text


def paid_and_heard(client: StripeClient, browser: Browser) -> None:
    browser.pay(donation(client))
    flushed(browser)


def test_a_webhook_may_come_twice(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    secret = listening(client, receiver, "checkout.session.completed", "charge.succeeded")
    failing(browser, "duplicate", type="checkout.*")
    paid_and_heard(client, browser)
    ids = [event.id for event in receiver.events(secret) if event.type == "checkout.session.completed"]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert receiver.types().count("charge.succeeded") == 1


def test_webhooks_may_come_in_another_order(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "charge.succeeded", "charge.updated", "checkout.session.completed")
    failing(browser, "reorder", type="charge.*", times=2)
    browser.pay(donation(client))
    while flushed(browser):
        pass
    assert receiver.types() == ["checkout.session.completed", "charge.updated", "charge.succeeded"]


def test_a_webhook_may_come_late(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "checkout.session.completed")
    failing(browser, "delay", seconds=3600)
    paid_and_heard(client, browser)
    assert receiver.types() == []
    browser.advance(3600)
    assert flushed(browser) == 0
    assert receiver.types() == ["checkout.session.completed"]


def test_a_webhook_may_never_come(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "checkout.session.completed")
    failing(browser, "drop")
    paid_and_heard(client, browser)
    (delivery,) = browser.get("/_sandbox/deliveries").json["data"]
    assert (delivery["state"], delivery["fault"], receiver.types()) == ("failed", "drop", [])
    (undelivered,) = client.v1.events.list({"delivery_success": False}).data
    assert undelivered.type == "checkout.session.completed"


def test_a_wrong_signature_is_followed_by_a_right_one(
    client: StripeClient, browser: Browser, receiver: Receiver
) -> None:
    secret = listening(client, receiver, "checkout.session.completed")
    failing(browser, "wrong_signature")
    receiver.answers = [400]
    paid_and_heard(client, browser)
    forged, signed = receiver.arrived
    with pytest.raises(SignatureVerificationError):
        Webhook.construct_event(*forged, secret)
    assert Webhook.construct_event(*signed, secret).type == "checkout.session.completed"


@pytest.mark.parametrize(("kind", "shift"), [("old_timestamp", -900), ("future_timestamp", 900)])
def test_a_timestamp_may_be_wrong(
    client: StripeClient, browser: Browser, receiver: Receiver, kind: str, shift: int
) -> None:
    secret = listening(client, receiver, "checkout.session.completed")
    failing(browser, kind, seconds=900)
    paid_and_heard(client, browser)
    ((body, header),) = receiver.arrived
    at = int(header.split(",")[0].removeprefix("t="))
    assert abs(at - time.time() - shift) < 30
    assert Webhook.construct_event(body, header, secret, tolerance=0)


def test_a_rolled_secret_signs_beside_the_old_one_for_a_while(
    client: StripeClient, browser: Browser, receiver: Receiver
) -> None:
    old = listening(client, receiver, "checkout.session.completed")
    (endpoint,) = client.v1.webhook_endpoints.list().data
    new = browser.post_json(f"/_sandbox/endpoints/{endpoint.id}/roll", {"overlap": 3600}).json["secret"]
    paid_and_heard(client, browser)
    ((_, header),) = receiver.arrived
    assert header.count("v1=") == 2
    assert len(receiver.events(old)) == len(receiver.events(new)) == 1
    browser.advance(3601)
    receiver.arrived.clear()
    paid_and_heard(client, browser)
    ((body, header),) = receiver.arrived
    assert header.count("v1=") == 1
    assert Webhook.construct_event(body, header, new)
    with pytest.raises(SignatureVerificationError):
        Webhook.construct_event(body, header, old)


def test_a_roll_without_overlap_ends_the_old_secret(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "*")
    (endpoint,) = client.v1.webhook_endpoints.list().data
    page = browser.post(f"/_sandbox/endpoints/{endpoint.id}/roll", {"overlap": "0"}, Accept="text/html")
    assert "whsec_" in page.text
    assert "The old one no longer signs." in page.text
    assert browser.post_json(f"/_sandbox/endpoints/{endpoint.id}/roll", {"overlap": 10**6}).status == 422
    assert browser.post_json("/_sandbox/endpoints/we_0/roll", {}).status == 404
