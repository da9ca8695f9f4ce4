"""Subscriptions begun by the API: paid at once, incomplete, expired, or refused."""

from typing import Any

import pytest
from stripe import CardError, InvalidRequestError, StripeClient

from tests.stripe_sandbox.renewing import HOUR, item_of, latest, past_period, price
from tests.stripe_sandbox.steps import DAY, Browser

pytestmark = pytest.mark.usefixtures("sound_events")


@pytest.fixture
def customer(client: StripeClient) -> str:
    return client.v1.customers.create({"email": "olena@example.org"}).id


def asked(client: StripeClient, customer: str, card: str = "pm_card_visa", **more: Any) -> Any:
    """Returns the parameters of a subscription that this card pays."""
    method = client.v1.payment_methods.attach(card, {"customer": customer})
    return {"customer": customer, "default_payment_method": method.id, "items": [{"price_data": price(700)}]} | more


def test_a_subscription_is_begun_and_paid(client: StripeClient, browser: Browser, customer: str) -> None:
    made = client.v1.subscriptions.create(asked(client, customer, metadata={"by": "api"}, description="Pledge"))
    assert (made.status, made.description, made.metadata["by"]) == ("active", "Pledge", "api")
    assert item_of(made).price.unit_amount == 700
    first = latest(client, made)
    assert (first.status, first.billing_reason) == ("paid", "subscription_create")
    assert past_period(client, browser, made).status == "active"


def test_the_customers_usual_card_does_too(client: StripeClient, customer: str) -> None:
    params = asked(client, customer)
    usual = params.pop("default_payment_method")
    with pytest.raises(InvalidRequestError, match="no attached payment source"):
        client.v1.subscriptions.create(params)
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": usual}})
    made = client.v1.subscriptions.create(params)
    assert (made.status, made.default_payment_method) == ("active", None)


def test_unpaid_it_is_incomplete_and_expires(client: StripeClient, browser: Browser, customer: str) -> None:
    made = client.v1.subscriptions.create(asked(client, customer, "pm_card_chargeCustomerFail"))
    assert (made.status, latest(client, made).next_payment_attempt) == ("incomplete", None)
    browser.advance(23 * HOUR + 1)
    expired = client.v1.subscriptions.retrieve(made.id)
    assert (expired.status, latest(client, made).status) == ("incomplete_expired", "void")
    assert [each.id for each in client.v1.subscriptions.list({"status": "ended"}).data] == [made.id]


def test_paid_in_time_it_becomes_active(client: StripeClient, browser: Browser, customer: str) -> None:
    made = client.v1.subscriptions.create(asked(client, customer, "pm_card_chargeCustomerFail"))
    other = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    client.v1.invoices.pay(str(made.latest_invoice), {"payment_method": other.id})
    browser.advance(2 * DAY)
    assert client.v1.subscriptions.retrieve(made.id).status == "active"


def test_an_error_leaves_nothing_if_so_asked(client: StripeClient, customer: str) -> None:
    params = asked(client, customer, "pm_card_chargeCustomerFail", payment_behavior="error_if_incomplete")
    with pytest.raises(CardError):
        client.v1.subscriptions.create(params)
    assert client.v1.subscriptions.list({"status": "all"}).data == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"customer": "cus_none"}, "customer"),
        ({"items": []}, "items"),
        ({"items": [{"quantity": 1}]}, "items[0][price]"),
        ({"items": [{"price": "price_none"}]}, "items[0][price]"),
        ({"items": [{"price_data": price(700), "quantity": 0}]}, "items[0][quantity]"),
        ({"default_payment_method": "pm_none"}, "default_payment_method"),
        ({"payment_behavior": "default_incomplete"}, "payment_behavior"),
        ({"trial_period_days": 7}, "trial_period_days"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client: StripeClient, customer: str, change: Any, param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.subscriptions.create(asked(client, customer) | change)
    assert refused.value.param == param
