"""Idempotency keys (https://docs.stripe.com/api/idempotent_requests): what is answered again, what is not, how long."""

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from stripe import StripeClient

from membership.stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.steps import DAY, Browser, donation


@dataclass(frozen=True)
class Told:
    """An answer of the API with its headers."""

    status: int
    headers: Any
    body: Any


def post(sandbox: Sandbox, path: str, form: dict[str, Any], key: str = "k-1", method: str = "POST") -> Told:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=15)
    headers = {
        "Authorization": "Bearer sk_test_1",
        "Content-Type": "application/x-www-form-urlencoded",
        "Idempotency-Key": key,
    }
    try:
        connection.request(method, path, urlencode(form), headers)
        answer = connection.getresponse()
        return Told(answer.status, answer.headers, json.loads(answer.read()))
    finally:
        connection.close()


def is_replayed(told: Told) -> bool:
    return bool(told.headers["Idempotent-Replayed"] == "true")


def names(client: StripeClient) -> list[str | None]:
    return [product.name for product in client.v1.products.list({"limit": 100}).data]


def test_a_second_call_is_answered_as_the_first_and_does_nothing(sandbox: Sandbox, client: StripeClient) -> None:
    first, again = (post(sandbox, "/v1/products", {"name": "Mug"}) for _ in range(2))
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    assert again.body == first.body
    assert again.headers["Original-Request"] == first.headers["Request-Id"] != again.headers["Request-Id"]
    assert names(client).count("Mug") == 1


@pytest.mark.parametrize(
    ("path", "form"), [("/v1/products", {"name": "Cup"}), ("/v1/customers", {"name": "Mug"})], ids=["body", "route"]
)
def test_a_key_belongs_to_one_request(sandbox: Sandbox, path: str, form: dict[str, str]) -> None:
    post(sandbox, "/v1/products", {"name": "Mug"})
    told = post(sandbox, path, form)
    assert (told.status, told.body["error"]["type"]) == (400, "idempotency_error")


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_1_to_255_characters(sandbox: Sandbox, key: str) -> None:
    told = post(sandbox, "/v1/products", {"name": "Mug"}, key)
    assert (told.status, told.body["error"]["type"]) == (400, "idempotency_error")


def test_a_refused_parameter_leaves_the_key_free(sandbox: Sandbox) -> None:
    assert post(sandbox, "/v1/products", {"name": ""}).status == 400
    told = post(sandbox, "/v1/products", {"name": "Mug"})
    assert (told.status, is_replayed(told)) == (200, False)


@pytest.mark.parametrize("kind", ["rate_limit", "lock_timeout", "down"])
def test_what_never_began_leaves_the_key_free(sandbox: Sandbox, client: StripeClient, kind: str) -> None:
    sandbox.deliverer.faults.add({"kind": kind, "status": None})
    connection_fails = kind == "down"
    if connection_fails:
        with pytest.raises(json.JSONDecodeError):
            post(sandbox, "/v1/products", {"name": "Mug"})
    else:
        assert post(sandbox, "/v1/products", {"name": "Mug"}).status in (409, 429)
    told = post(sandbox, "/v1/products", {"name": "Mug"})
    assert (told.status, is_replayed(told)) == (200, False)
    assert names(client).count("Mug") == 1


def test_a_call_that_began_and_failed_goes_on_failing(sandbox: Sandbox, client: StripeClient) -> None:
    sandbox.deliverer.faults.add({"kind": "server_error"})
    first, again = (post(sandbox, "/v1/products", {"name": "Mug"}) for _ in range(2))
    assert (first.status, first.body["error"]["type"]) == (500, "api_error")
    assert (again.status, again.body, is_replayed(again)) == (500, first.body, True)
    assert "Mug" not in names(client)
    assert post(sandbox, "/v1/products", {"name": "Mug"}, "k-2").status == 200


def test_an_answer_that_was_lost_is_told_under_the_same_key(sandbox: Sandbox, client: StripeClient) -> None:
    sandbox.deliverer.faults.add({"kind": "lost", "method": "POST"})
    with pytest.raises(http.client.RemoteDisconnected):
        post(sandbox, "/v1/products", {"name": "Mug"})
    assert names(client).count("Mug") == 1
    told = post(sandbox, "/v1/products", {"name": "Mug"})
    assert (told.status, is_replayed(told)) == (200, True)
    assert names(client).count("Mug") == 1


def test_the_same_key_at_the_same_time_is_a_conflict(sandbox: Sandbox, client: StripeClient) -> None:
    sandbox.deliverer.faults.add({"kind": "slow", "seconds": 1})
    told: list[Told] = []
    calls = [
        threading.Thread(target=lambda: told.append(post(sandbox, "/v1/products", {"name": "Mug"}))) for _ in range(2)
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert [each.status for each in told] == [409, 200]
    assert told[0].body["error"]["code"] == "idempotency_key_in_use"
    assert names(client).count("Mug") == 1


def test_keys_are_forgotten_after_a_day(sandbox: Sandbox, client: StripeClient, browser: Browser) -> None:
    post(sandbox, "/v1/products", {"name": "Mug"})
    browser.advance(DAY - 60)
    assert is_replayed(post(sandbox, "/v1/products", {"name": "Mug"}))
    browser.advance(120)
    assert not is_replayed(post(sandbox, "/v1/products", {"name": "Mug"}))
    assert names(client).count("Mug") == 2


def test_a_deletion_has_no_key(sandbox: Sandbox, client: StripeClient) -> None:
    made: Any = {"url": "http://127.0.0.1:1/", "enabled_events": ["*"]}
    path = f"/v1/webhook_endpoints/{client.v1.webhook_endpoints.create(made).id}"
    assert post(sandbox, path, {}, method="DELETE").status == 200
    assert post(sandbox, path, {}, method="DELETE").status == 404


def test_a_replayed_checkout_makes_no_second_session(client: StripeClient) -> None:
    options: Any = {"idempotency_key": "a-1"}
    price = {"currency": "eur", "unit_amount": 500, "product": "membership_donation"}
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://localhost/",
    }
    first, again = (client.v1.checkout.sessions.create(params, options) for _ in range(2))
    assert first.id == again.id != donation(client).id
    assert len(client.v1.checkout.sessions.list().data) == 2
