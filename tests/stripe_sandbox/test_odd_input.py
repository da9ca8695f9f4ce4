"""Odd input, found by trying to break the sandbox: each is acted on or refused, and none is a defect of the sandbox."""

from typing import Any

import pytest
from stripe import CardError, InvalidRequestError, StripeClient

from membership.stripe_sandbox.payments.cards import FAILS_LATER
from membership.stripe_sandbox.server import Sandbox
from tests.stripe_sandbox.money_steps import disputed, events_of, paid
from tests.stripe_sandbox.renewing import begun, item_of, latest, past_period, price
from tests.stripe_sandbox.steps import DAY, Browser, donation


@pytest.mark.parametrize(
    "address", ["http://[", "http://localhost:x/", "http://localhost:99999/", "http://localhost:0/"]
)
def test_a_broken_address_is_refused_wherever_one_is_given(
    client: StripeClient, browser: Browser, address: str
) -> None:
    customer = begun(client, browser).customer
    hook: Any = {"url": address, "enabled_events": ["*"]}
    door: Any = {"customer": customer, "return_url": address}
    page: Any = {
        "features": {"invoice_history": {"enabled": True}},
        "business_profile": {"terms_of_service_url": address},
    }
    for ask in (
        lambda: donation(client, success_url=address),
        lambda: client.v1.webhook_endpoints.create(hook),
        lambda: client.v1.billing_portal.sessions.create(door),
        lambda: client.v1.billing_portal.configurations.create(page),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            ask()
        assert (refused.value.http_status, refused.value.code) == (400, "url_invalid")


def test_parameters_of_a_post_count_in_the_query_too(client: StripeClient) -> None:
    made = client.raw_request("post", "/v1/customers?name=Olena", email="olena@example.org")
    assert client.v1.customers.retrieve(made.data["id"]).name == "Olena"
    with pytest.raises(InvalidRequestError, match="colour"):
        client.raw_request("post", "/v1/customers?colour=red")


@pytest.mark.parametrize("own_id", ["balance_settings", "sandbox_payment_method_settings"])
def test_a_product_cannot_take_the_place_of_a_setting(client: StripeClient, own_id: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.products.create({"id": own_id, "name": "Donation"})
    assert (refused.value.code, refused.value.param) == ("sandbox_not_modelled", "id")
    assert donation(client).status == "open"


def test_a_quantity_may_not_make_a_renewal_that_cannot_be_charged(client: StripeClient, browser: Browser) -> None:
    pledge = begun(client, browser)
    many: Any = {"items": [{"id": item_of(pledge).id, "quantity": 10**18 - 1}], "proration_behavior": "none"}
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.subscriptions.update(pledge.id, many)
    assert (refused.value.code, refused.value.param) == ("amount_too_large", "items[0][quantity]")
    browser.advance(40 * DAY)
    assert client.v1.subscriptions.retrieve(pledge.id).status == "active"


def test_a_renewal_that_does_not_come_is_not_announced(client: StripeClient, browser: Browser) -> None:
    pledge = begun(client, browser)
    ends_at = item_of(pledge).current_period_end - DAY
    client.v1.subscriptions.update(pledge.id, {"cancel_at": ends_at, "proration_behavior": "none"})
    browser.advance(40 * DAY)
    assert client.v1.subscriptions.retrieve(pledge.id).ended_at == ends_at
    assert events_of(client, "invoice.upcoming") == []


def test_a_try_that_changes_nothing_of_an_invoice_is_no_update(client: StripeClient, browser: Browser) -> None:
    pledge = past_period(client, browser, begun(client, browser, FAILS_LATER))
    invoice = latest(client, pledge)
    for _ in range(2):
        with pytest.raises(CardError):
            client.v1.invoices.pay(str(invoice.id))
    assert all(event.data.previous_attributes for event in events_of(client, "invoice.updated"))
    assert len(events_of(client, "invoice.payment_failed")) == 3


def test_metadata_does_not_put_off_what_the_bank_decides(client: StripeClient, browser: Browser) -> None:
    dispute = disputed(client, browser, paid(client, browser))
    client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Olena Koval"}})
    browser.advance(59 * DAY)
    assert client.v1.disputes.update(dispute.id, {"metadata": {"desk": "3"}}).status == "under_review"
    browser.advance(DAY)
    assert client.v1.disputes.retrieve(dispute.id).status == "lost"


def test_an_empty_reason_for_leaving_is_none(client: StripeClient, browser: Browser) -> None:
    ended = client.v1.subscriptions.cancel(begun(client, browser).id, {"cancellation_details": {"comment": ""}})
    assert ended.cancellation_details
    assert ended.cancellation_details.comment is None


def test_an_ended_subscription_has_no_next_invoice_whatever_is_asked(client: StripeClient, browser: Browser) -> None:
    pledge = begun(client, browser)
    client.v1.subscriptions.cancel(pledge.id)
    items = [{"id": item_of(pledge).id, "price_data": price(5000, "year")}]
    details: Any = {"items": items, "proration_behavior": "none"}
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.invoices.create_preview({"subscription": pledge.id, "subscription_details": details})
    assert (refused.value.http_status, refused.value.code) == (404, "invoice_upcoming_none")


def test_the_price_that_loses_its_lookup_key_has_an_event(client: StripeClient) -> None:
    params: Any = {"currency": "eur", "unit_amount": 500, "product": "membership_pledge", "lookup_key": "supporter"}
    former = client.v1.prices.create(params)
    client.v1.prices.create(params | {"transfer_lookup_key": True})
    (event,) = events_of(client, "price.updated")
    assert (event.data.object["id"], event.data.object["lookup_key"]) == (former.id, None)
    assert event.data.previous_attributes["lookup_key"] == "supporter"


def test_new_settings_of_the_balance_have_an_event(client: StripeClient) -> None:
    manual: Any = {"payments": {"payouts": {"schedule": {"interval": "manual"}}}}
    client.v1.balance_settings.update(manual)
    client.v1.balance_settings.update(manual)
    (event,) = events_of(client, "balance_settings.updated")
    assert event.data.object["payments"]["payouts"]["schedule"]["interval"] == "manual"


@pytest.mark.parametrize("reason", [[], {}, None, 5])
def test_a_reason_that_is_none_is_refused(
    client: StripeClient, browser: Browser, sandbox: Sandbox, reason: object
) -> None:
    charge = paid(client, browser)
    answer = browser.post_json("/_sandbox/disputes", {"charge": charge.id, "reason": reason})
    assert (answer.status, answer.json["error"]["param"]) == (400, "reason")
    sandbox.deliverer.store.put({"id": "po_1", "object": "payout", "status": "paid", "arrival_date": 0})
    answer = browser.post_json("/_sandbox/payouts/po_1/failure", {"code": reason})
    assert (answer.status, answer.json["error"]["param"]) == (400, "code")
