"""What must be so at the sandbox and at Stripe alike: these run at both, if a test account is named."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe

from tests.stripe_sandbox.anywhere import SETTING, Account, places, standing

pytestmark = pytest.mark.anywhere

DAY = 86_400


@pytest.fixture(params=places())
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    yield from standing(request.param, tmp_path)


@pytest.fixture
def product(account: Account) -> str:
    return account.client.v1.products.create({"name": f"Test {uuid4()}"}).id


def order(product: str, amount: int = 500, currency: str = "eur", **changes: Any) -> Any:
    price = {"currency": currency, "unit_amount": amount, "product": product}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": {"membership_attempt": "a-1"},
        "payment_intent_data": {"metadata": {"membership_attempt": "a-1"}},
        "submit_type": "donate",
        "success_url": "https://example.org/thanks",
        "cancel_url": "https://example.org/support",
    } | changes


def pledged(product: str, **changes: Any) -> Any:
    given = order(product, mode="subscription", subscription_data={"metadata": {"membership_attempt": "a-1"}})
    given["line_items"][0]["price_data"]["recurring"] = {"interval": "month"}
    for name in ("payment_intent_data", "submit_type"):
        del given[name]
    return given | changes


def refused(call: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call()
    return caught.value


def test_a_session_for_a_donation_waits_open(account: Account, product: str) -> None:
    made = account.client.v1.checkout.sessions.create(order(product))
    assert (made.status, made.payment_status, made.amount_total, made.currency) == ("open", "unpaid", 500, "eur")
    assert made.url
    assert made.payment_intent is None
    assert made.metadata is not None
    assert made.metadata["membership_attempt"] == "a-1"
    assert made.expires_at - made.created == DAY


def test_a_session_for_a_pledge_makes_no_subscription_yet(account: Account, product: str) -> None:
    made = account.client.v1.checkout.sessions.create(pledged(product))
    assert (made.mode, made.status, made.subscription, made.invoice) == ("subscription", "open", None, None)


def test_a_session_expires_once(account: Account, product: str) -> None:
    made = account.client.v1.checkout.sessions.create(order(product))
    assert account.client.v1.checkout.sessions.expire(made.id).status == "expired"
    assert account.client.v1.checkout.sessions.retrieve(made.id).url is None
    assert refused(lambda: account.client.v1.checkout.sessions.expire(made.id)).http_status == 400


@pytest.mark.parametrize("minutes", [5, 25 * 60])
def test_a_session_may_not_expire_at_any_time(account: Account, product: str, minutes: int) -> None:
    at = int(time.time()) + minutes * 60
    error = refused(lambda: account.client.v1.checkout.sessions.create(order(product, expires_at=at)))
    assert (error.http_status, error.param) == (400, "expires_at")


def test_an_amount_below_the_least_is_refused(account: Account, product: str) -> None:
    error = refused(lambda: account.client.v1.checkout.sessions.create(order(product, amount=10)))
    assert (error.http_status, error.code) == (400, "amount_too_small")


def test_yen_have_no_decimals(account: Account, product: str) -> None:
    assert account.client.v1.checkout.sessions.create(order(product, 500, "jpy")).amount_total == 500


def test_the_same_key_gives_the_first_answer(account: Account, product: str) -> None:
    key = f"test:{uuid4()}"
    first = account.client.v1.checkout.sessions.create(order(product), {"idempotency_key": key})
    again = account.client.v1.checkout.sessions.create(order(product), {"idempotency_key": key})
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        account.client.v1.checkout.sessions.create(order(product, amount=600), {"idempotency_key": key})


def test_a_refused_request_does_not_spoil_its_key(account: Account, product: str) -> None:
    key = f"test:{uuid4()}"
    refused(lambda: account.client.v1.checkout.sessions.create(order(product, -1), {"idempotency_key": key}))
    assert account.client.v1.checkout.sessions.create(order(product), {"idempotency_key": key}).status == "open"


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"name": "x", "nonsense": "1"}, "parameter_unknown", "nonsense"),
        ({"description": "no name"}, "parameter_missing", "name"),
    ],
)
def test_wrong_parameters_are_named(account: Account, params: Any, code: str, param: str) -> None:
    error = refused(lambda: account.client.v1.products.create(params))
    assert (error.http_status, error.code, error.param) == (400, code, param)


def test_an_id_that_names_nothing(account: Account) -> None:
    error = refused(lambda: account.client.v1.payment_intents.retrieve("pi_nothing"))
    assert (error.http_status, error.code) == (404, "resource_missing")


def test_a_wrong_key_is_refused(account: Account) -> None:
    bases: Any = dict.fromkeys(("api",), account.client._requestor.base_addresses["api"])
    stranger = stripe.StripeClient("no_key_at_all", base_addresses=bases, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.balance.retrieve()


def test_metadata_is_merged_and_unset(account: Account) -> None:
    made = account.client.v1.customers.create({"name": "Test", "metadata": {"a": "1", "b": "2"}})
    changed = account.client.v1.customers.update(made.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    account.client.v1.customers.delete(made.id)
    assert account.client.v1.customers.retrieve(made.id).deleted


def test_lists_are_walked_by_their_cursor(account: Account) -> None:
    made = [account.client.v1.products.create({"name": f"Test {uuid4()}"}).id for _ in range(3)]
    page = account.client.v1.products.list({"limit": 2, "ids": made})
    rest = account.client.v1.products.list({"limit": 2, "ids": made, "starting_after": page.data[-1].id})
    assert (page.has_more, rest.has_more) == (True, False)
    assert {each.id for each in (*page.data, *rest.data)} == set(made)


def test_line_items_come_when_they_are_asked_for(account: Account, product: str) -> None:
    made = account.client.v1.checkout.sessions.create(order(product))
    assert "line_items" not in made
    whole = account.client.v1.checkout.sessions.retrieve(made.id, {"expand": ["line_items"]})
    assert whole.line_items is not None
    assert [(each.amount_total, each.quantity) for each in whole.line_items.data] == [(500, 1)]


def test_a_live_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "sk_live_never")
    with pytest.raises(pytest.UsageError, match="test account"):
        places()
