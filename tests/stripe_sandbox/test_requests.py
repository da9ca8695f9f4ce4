"""What the API refuses, and how it lists, expands and repeats."""

import base64
import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from stripe import AuthenticationError, IdempotencyError, InvalidRequestError, StripeClient

from membership.stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.steps import Browser, client_of, donation, pledge


def params(**given: Any) -> Any:
    """Returns parameters that no type checker would let pass."""
    return given


BAD: list[tuple[str, Callable[[StripeClient], Any], str | None, str]] = [
    ("unknown", lambda c: donation(c, colour="red"), "parameter_unknown", "colour"),
    (
        "removed from the API",
        lambda c: donation(c, payment_method_types=["card"]),
        "parameter_unknown",
        "payment_method_types",
    ),
    (
        "nested unknown",
        lambda c: donation(c, payment_intent_data={"a": "b"}),
        "parameter_unknown",
        "payment_intent_data[a]",
    ),
    ("missing", lambda c: c.v1.products.create(params()), "parameter_missing", "name"),
    ("no items", lambda c: donation(c, line_items=[]), "parameter_missing", "line_items"),
    ("empty", lambda c: c.v1.products.create({"name": ""}), "parameter_invalid_empty", "name"),
    ("no integer", lambda c: donation(c, expires_at="soon"), "parameter_invalid_integer", "expires_at"),
    ("no such mode", lambda c: donation(c, mode="gift"), None, "mode"),
    ("negative", lambda c: donation(c, -4), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
    ("too large", lambda c: donation(c, 10**8), "amount_too_large", "line_items[0][price_data][unit_amount]"),
    (
        "no rate",
        lambda c: donation(c, 500, "gbp"),
        "sandbox_not_modelled",
        "line_items[0][price_data][currency]",
    ),
    (
        "not modelled",
        lambda c: donation(c, allow_promotion_codes=True),
        "sandbox_not_modelled",
        "allow_promotion_codes",
    ),
    (
        "deep and not modelled",
        lambda c: pledge(c, subscription_data={"trial_period_days": 3}),
        "sandbox_not_modelled",
        "subscription_data[trial_period_days]",
    ),
    (
        "wrong mode",
        lambda c: donation(c, subscription_data={"description": "x"}),
        None,
        "subscription_data",
    ),
    (
        "for cards a suffix",
        lambda c: donation(c, payment_intent_data={"statement_descriptor": "NEWSROOM"}),
        None,
        "payment_intent_data[statement_descriptor]",
    ),
    ("bad address", lambda c: donation(c, success_url="thanks"), "url_invalid", "success_url"),
    ("bad e-mail", lambda c: donation(c, customer_email="olena"), "email_invalid", "customer_email"),
    ("no such customer", lambda c: donation(c, customer="cus_0"), "resource_missing", "customer"),
    ("metadata value", lambda c: donation(c, metadata={"a": "x" * 501}), None, "metadata[a]"),
    ("no such object", lambda c: c.v1.charges.retrieve("ch_0"), "resource_missing", "id"),
    ("limit", lambda c: c.v1.events.list({"limit": 101}), "parameter_invalid_integer", "limit"),
    ("cursor", lambda c: c.v1.events.list({"starting_after": "evt_0"}), "resource_missing", "starting_after"),
    (
        "own id twice",
        lambda c: c.v1.products.create({"id": "membership_pledge", "name": "P"}),
        "resource_already_exists",
        "id",
    ),
    (
        "other machine",
        lambda c: c.v1.webhook_endpoints.create({"url": "http://example.org/", "enabled_events": ["*"]}),
        "sandbox_not_modelled",
        "url",
    ),
    (
        "event type",
        lambda c: c.v1.webhook_endpoints.create(params(url="http://localhost/", enabled_events=["pay.day"])),
        None,
        "enabled_events[0]",
    ),
    ("expand", lambda c: c.v1.products.retrieve("membership_pledge", {"expand": ["name"]}), None, "expand"),
]


@pytest.mark.parametrize(("call", "code", "param"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_wrong_call_gets_stripes_error(
    client: StripeClient, call: Callable[[StripeClient], Any], code: str | None, param: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        call(client)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert refused.value.request_id
    assert refused.value.request_id.startswith("req_")


def test_a_product_of_another_name_is_missing(client: StripeClient) -> None:
    price = {"currency": "eur", "unit_amount": 500, "product": "prod_0"}
    with pytest.raises(InvalidRequestError) as refused:
        donation(client, line_items=[{"price_data": price, "quantity": 1}])
    assert refused.value.param == "line_items[0][price_data][product]"


def raw(sandbox: Sandbox, path: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("key", ["sk_live_newsroom", "rk_live_newsroom", "pk_test_newsroom", "nonsense"])
def test_only_secret_test_keys_are_taken(sandbox: Sandbox, key: str) -> None:
    with pytest.raises(AuthenticationError):
        client_of(sandbox.url, key).v1.balance.retrieve()


def test_basic_auth_is_taken_and_no_auth_is_not(sandbox: Sandbox) -> None:
    basic = base64.b64encode(b"rk_test_newsroom:").decode()
    assert raw(sandbox, "/v1/balance", Authorization=f"Basic {basic}")[0] == 200
    assert raw(sandbox, "/v1/balance")[0] == 401


def test_another_version_is_refused(sandbox: Sandbox) -> None:
    status, body = raw(sandbox, "/v1/balance", Authorization="Bearer sk_test_1", Stripe_Version="2024-06-20")
    assert status == 400
    assert "2024-06-20" in body["error"]["message"]


@pytest.mark.parametrize("query", ["created[gte]=%FF", "limit=%ff", "&".join(["expand[]=a"] * 1001), "a[b=c", "[a]=b"])
def test_a_garbled_query_gets_stripes_error(sandbox: Sandbox, query: str) -> None:
    status, body = raw(sandbox, f"/v1/events?{query}", Authorization="Bearer sk_test_1")
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")


def test_an_unknown_route_gets_stripes_error(sandbox: Sandbox) -> None:
    status, body = raw(sandbox, "/v1/coupons", Authorization="Bearer sk_test_1")
    assert (status, body["error"]["type"]) == (404, "invalid_request_error")


def test_a_foreign_host_name_is_refused(sandbox: Sandbox) -> None:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc)
    connection.request("GET", "/_sandbox", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 403
    connection.close()


def test_the_same_key_and_content_get_the_first_answer(client: StripeClient) -> None:
    same: Any = {"email": "olena@example.org"}
    first: Any = client.v1.customers.create(same, {"idempotency_key": "k-1"})
    again: Any = client.v1.customers.create(same, {"idempotency_key": "k-1"})
    assert first.id == again.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_other_content_is_an_error(client: StripeClient) -> None:
    client.v1.customers.create({"email": "olena@example.org"}, {"idempotency_key": "k-1"})
    with pytest.raises(IdempotencyError):
        client.v1.customers.create({"email": "taras@example.org"}, {"idempotency_key": "k-1"})


def test_a_refused_call_does_not_use_up_its_key(client: StripeClient) -> None:
    with pytest.raises(InvalidRequestError):
        client.v1.products.create({"name": ""}, {"idempotency_key": "k-1"})
    assert client.v1.products.create({"name": "Mug"}, {"idempotency_key": "k-1"}).name == "Mug"


def test_a_refused_call_leaves_nothing_behind(client: StripeClient) -> None:
    items = [{"price_data": {"currency": "eur", "unit_amount": 1, "product_data": {"name": "Mug"}}, "quantity": 1}]
    with pytest.raises(InvalidRequestError):
        donation(client, line_items=items)
    assert len(client.v1.products.list().data) == 2


def test_lists_go_newest_first_by_cursor(client: StripeClient) -> None:
    made = [client.v1.products.create({"name": str(number)}).id for number in range(5)][::-1]
    first = client.v1.products.list({"limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (made[:2], True)
    second = client.v1.products.list({"limit": 2, "starting_after": made[1]})
    assert [each.id for each in second.data] == made[2:4]
    back = client.v1.products.list({"limit": 2, "ending_before": made[3]})
    assert ([each.id for each in back.data], back.has_more) == (made[1:3], True)
    every = [each.id for each in client.v1.products.list({"limit": 2}).auto_paging_iter()]
    assert every == [*made, "membership_pledge", "membership_donation"]


def test_lists_filter_by_time_type_and_id(client: StripeClient, browser: Browser) -> None:
    browser.pay(donation(client))
    newest = client.v1.events.list().data[0]
    assert client.v1.events.list({"created": {"gt": newest.created}}).data == []
    assert client.v1.events.list({"created": {"gte": newest.created}}).data[0].id == newest.id
    types = [each.type for each in client.v1.events.list({"types": ["charge.updated", "charge.succeeded"]}).data]
    assert types == ["charge.updated", "charge.succeeded"]
    assert [each.type for each in client.v1.events.list({"type": "charge.*"}).data] == types
    assert client.v1.events.list({"type": "payout.*"}).data == []
    assert [each.id for each in client.v1.products.list({"ids": ["membership_pledge"]}).data] == ["membership_pledge"]
    session = client.v1.checkout.sessions.list({"status": "complete"}).data[0]
    assert client.v1.checkout.sessions.list({"payment_intent": str(session.payment_intent)}).data[0].id == session.id


def test_expansion_reaches_into_lists(client: StripeClient, browser: Browser) -> None:
    browser.pay(donation(client))
    path = "data.payment_intent.latest_charge.balance_transaction"
    page = client.v1.checkout.sessions.list({"expand": [path, "data.line_items"]})
    session: Any = page.data[0]
    assert session.payment_intent.latest_charge.balance_transaction.net == 467
    assert session.line_items.data[0].description == "Donation"


def test_the_account_has_an_id(client: StripeClient) -> None:
    assert client.v1.accounts.retrieve_current().id.startswith("acct_")
