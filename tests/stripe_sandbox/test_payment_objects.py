"""Customers, payment methods, prices, products, charges and intents: made, changed, listed, taken away."""

from collections.abc import Callable
from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.steps import DAY, DECLINED, FAILS_LATER, Browser, donation, event_types, pledge


def untyped(**given: Any) -> Any:
    return given


@pytest.fixture
def customer(client: StripeClient) -> Any:
    return client.v1.customers.create({"email": "olena@example.org", "name": "Olena", "metadata": {"a": "1"}})


def test_a_customer_is_changed_and_the_event_says_what_was(client: StripeClient, customer: Any) -> None:
    after = client.v1.customers.update(customer.id, {"email": "o@example.org", "name": "", "metadata": {"b": "2"}})
    assert (after.email, after.name, after.metadata and after.metadata.to_dict()) == (
        "o@example.org",
        None,
        {"a": "1", "b": "2"},
    )
    (event,) = client.v1.events.list({"type": "customer.updated"}).data
    previous: Any = event.data.previous_attributes
    assert previous.to_dict() == {"email": "olena@example.org", "name": "Olena", "metadata": {"b": None}}


def test_an_update_that_changes_nothing_sends_no_event(client: StripeClient, customer: Any) -> None:
    client.v1.customers.update(customer.id, {"name": "Olena"})
    assert client.v1.events.list({"type": "customer.updated"}).data == []


def test_customers_are_found_by_their_address(client: StripeClient, customer: Any) -> None:
    client.v1.customers.create({"email": "taras@example.org"})
    assert [each.id for each in client.v1.customers.list({"email": "olena@example.org"}).data] == [customer.id]
    assert client.v1.customers.list({"email": "OLENA@example.org"}).data == []
    assert len(client.v1.customers.list().data) == 2


def test_a_deleted_customer_leaves_its_id_alone(client: StripeClient, browser: Browser) -> None:
    browser.pay(pledge(client))
    subscription = client.v1.subscriptions.list().data[0]
    customer = str(subscription.customer)
    assert client.v1.customers.delete(customer).to_dict() == {"id": customer, "object": "customer", "deleted": True}
    gone = client.v1.customers.retrieve(customer)
    assert gone.to_dict() == {"id": customer, "object": "customer", "deleted": True}
    assert client.v1.customers.list().data == []
    ended = client.v1.subscriptions.retrieve(subscription.id)
    method = client.v1.payment_methods.retrieve(str(subscription.default_payment_method))
    assert (ended.status, method.customer) == ("canceled", None)
    assert event_types(client)[-2:] == ["customer.subscription.deleted", "customer.deleted"]
    deleted = client.v1.events.list({"type": "customer.deleted"}).data[0].data.object
    assert deleted["email"] == "olena@example.org"
    browser.advance(40 * DAY)
    assert len(client.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    ("call", "param"),
    [
        (lambda c, i: c.v1.customers.delete(i), "id"),
        (lambda c, i: c.v1.customers.update(i, {"name": "O"}), "id"),
        (lambda c, i: donation(c, customer=i), "customer"),
        (lambda c, i: c.v1.payment_methods.list({"customer": i}), "customer"),
        (lambda c, i: c.v1.payment_methods.attach("pm_card_visa", {"customer": i}), "customer"),
    ],
)
def test_a_deleted_customer_is_no_customer(
    client: StripeClient, customer: Any, call: Callable[[StripeClient, str], Any], param: str
) -> None:
    client.v1.customers.delete(customer.id)
    with pytest.raises(InvalidRequestError) as refused:
        call(client, customer.id)
    assert (refused.value.code, refused.value.param) == ("resource_missing", param)


def test_a_payment_method_is_attached_listed_and_taken_away(client: StripeClient, customer: Any) -> None:
    method = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    assert (method.customer, method.card and method.card.brand) == (customer.id, "mastercard")
    for listed in (
        client.v1.payment_methods.list({"customer": customer.id, "type": "card"}),
        client.v1.customers.payment_methods.list(customer.id),
    ):
        assert [each.id for each in listed.data] == [method.id]
    assert client.v1.payment_methods.list({"customer": customer.id, "type": "sepa_debit"}).data == []
    gone = client.v1.payment_methods.detach(method.id)
    assert gone.customer is None
    assert client.v1.customers.payment_methods.list(customer.id).data == []
    assert event_types(client)[-2:] == ["payment_method.attached", "payment_method.detached"]
    event = client.v1.events.list({"type": "payment_method.detached"}).data[0]
    previous: Any = event.data.previous_attributes
    assert previous.to_dict() == {"customer": customer.id}


def test_a_payment_method_becomes_the_default_of_its_customer(client: StripeClient, customer: Any) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    chosen = client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    assert chosen.invoice_settings
    assert chosen.invoice_settings.default_payment_method == method.id


def test_a_payment_method_belongs_to_one_customer(client: StripeClient, customer: Any) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    other = client.v1.customers.create({})
    with pytest.raises(InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(method.id, {"customer": other.id})
    with pytest.raises(InvalidRequestError, match="attached to the customer first"):
        client.v1.customers.update(other.id, {"invoice_settings": {"default_payment_method": method.id}})


def test_a_payment_method_is_changed(client: StripeClient, customer: Any) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    after: Any = client.v1.payment_methods.update(
        method.id,
        {"billing_details": {"name": "O. Koval"}, "card": {"exp_month": 3, "exp_year": 2093}, "metadata": {"n": "1"}},
    )
    assert (after.card.exp_month, after.card.exp_year, after.card.last4) == (3, 2093, "4242")
    assert (after.billing_details.name, after.billing_details.email) == ("O. Koval", "olena@example.org")
    assert event_types(client)[-1] == "payment_method.updated"


@pytest.mark.parametrize(
    ("call", "code", "param"),
    [
        (lambda c, m: c.v1.payment_methods.attach(m, untyped()), "parameter_missing", "customer"),
        (lambda c, m: c.v1.payment_methods.attach("pm_0", {"customer": m}), "resource_missing", "customer"),
        (lambda c, m: c.v1.payment_methods.update(m, {"card": {"exp_month": 13}}),
         "invalid_expiry_month", "card[exp_month]"),
        (lambda c, m: c.v1.payment_methods.update(m, {"card": {"exp_year": 2020}}),
         "invalid_expiry_year", "card[exp_year]"),
        (lambda c, m: c.v1.payment_methods.list(untyped()), "parameter_missing", "customer"),
        (lambda c, m: c.v1.payment_methods.list({"customer": "cus_0"}), "resource_missing", "customer"),
        (lambda c, m: c.v1.payment_methods.list(untyped(customer="cus_0", allow_redisplay="always")),
         "sandbox_not_modelled", "allow_redisplay"),
        (lambda c, m: c.v1.customers.update("cus_0", {"name": "O"}), "resource_missing", "id"),
        (lambda c, m: c.v1.prices.create({"currency": "eur", "unit_amount": 5}), "parameter_missing", "product"),
        (lambda c, m: c.v1.prices.create({"currency": "eur", "product": "membership_pledge"}),
         "parameter_missing", "unit_amount"),
        (lambda c, m: c.v1.prices.create({"currency": "eur", "product": "membership_pledge", "unit_amount": -1}),
         "parameter_invalid_integer", "unit_amount"),
        (lambda c, m: c.v1.prices.create(untyped(currency="eur", product="membership_pledge", tiers_mode="volume")),
         "sandbox_not_modelled", "tiers_mode"),
        (lambda c, m: c.v1.prices.create({"currency": "eur", "product": "membership_pledge", "unit_amount": 5,
                                          "recurring": {"interval": "month", "interval_count": 40}}),
         None, "recurring[interval_count]"),
        (lambda c, m: c.v1.products.update("membership_pledge", {"name": " "}), "parameter_invalid_empty", "name"),
        (lambda c, m: c.v1.payment_intents.update("pi_0", {"metadata": {}}), "resource_missing", "id"),
        (lambda c, m: c.v1.payment_intents.list(untyped(limit=0)), "parameter_invalid_integer", "limit"),
    ],
)  # fmt: skip
def test_a_wrong_call_gets_stripes_error(
    client: StripeClient, customer: Any, call: Callable[[StripeClient, str], Any], code: str | None, param: str
) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    with pytest.raises(InvalidRequestError) as refused:
        call(client, method.id)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_a_method_without_a_customer_cannot_be_changed_or_detached(client: StripeClient, customer: Any) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.payment_methods.detach(method.id)
    with pytest.raises(InvalidRequestError, match="save this PaymentMethod"):
        client.v1.payment_methods.update(method.id, {"metadata": {"a": "1"}})
    with pytest.raises(InvalidRequestError, match="not attached"):
        client.v1.payment_methods.detach(method.id)


def test_a_method_that_was_detached_may_not_come_back(client: StripeClient, customer: Any) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.payment_methods.detach(method.id)
    with pytest.raises(InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(method.id, {"customer": customer.id})


def test_a_method_that_was_detached_pays_no_renewal(client: StripeClient, browser: Browser) -> None:
    browser.pay(pledge(client))
    subscription = client.v1.subscriptions.list().data[0]
    client.v1.payment_methods.detach(str(subscription.default_payment_method))
    browser.advance(32 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    assert len(client.v1.charges.list().data) == 1


def monthly(client: StripeClient, **changes: Any) -> Any:
    given: Any = {
        "currency": "eur",
        "product": "membership_pledge",
        "recurring": {"interval": "month"},
        "unit_amount": 700,
    }
    return client.v1.prices.create(given | changes)


def test_a_price_is_sold_at_checkout(client: StripeClient, browser: Browser) -> None:
    price = monthly(client, nickname="Seven", metadata={"tier": "2"})
    assert (price.active, price.type, price.unit_amount, price.nickname) == (True, "recurring", 700, "Seven")
    session = pledge(client, line_items=[{"price": price.id, "quantity": 2}])
    assert session.amount_total == 1400
    assert "every month" in browser.get(f"/c/pay/{session.id}").text
    assert browser.pay(session).status == 303
    item: Any = client.v1.subscriptions.list().data[0]["items"].data[0]
    assert (item.price.id, item.quantity) == (price.id, 2)
    assert "price.created" in event_types(client)


def test_a_price_made_in_passing_cannot_be_named(client: StripeClient) -> None:
    lines: Any = client.v1.checkout.sessions.line_items.list(donation(client).id)
    price = lines.data[0].price
    assert price.active is False
    with pytest.raises(InvalidRequestError, match="inactive") as refused:
        donation(client, line_items=[{"price": price.id, "quantity": 1}])
    assert refused.value.param == "line_items[0][price]"


@pytest.mark.parametrize(
    ("line", "param"),
    [
        ({"price": "price_0"}, "line_items[0][price]"),
        ({}, "line_items[0][price_data]"),
        ({"price": "RECURRING"}, "line_items[0][price]"),
        ({"price": "RECURRING", "price_data": {"currency": "eur"}}, "line_items[0][price_data]"),
    ],
)
def test_a_line_without_a_fitting_price_is_refused(client: StripeClient, line: dict[str, Any], param: str) -> None:
    if line.get("price") == "RECURRING":
        line = line | {"price": monthly(client).id}
    with pytest.raises(InvalidRequestError) as refused:
        donation(client, line_items=[line | {"quantity": 1}])
    assert refused.value.param == param


def test_prices_are_listed_by_what_they_are(client: StripeClient) -> None:
    first = monthly(client, lookup_key="seven")
    once = monthly(client, recurring={"interval": "year"}, active=False)
    client.v1.prices.create({"currency": "usd", "product_data": {"name": "Mug"}, "unit_amount": 900})
    for given, expected in (
        ({"active": True, "product": "membership_pledge"}, [first.id]),
        ({"active": False}, [once.id]),
        ({"lookup_keys": ["seven"]}, [first.id]),
        ({"recurring": {"interval": "year"}}, [once.id]),
        ({"type": "recurring", "currency": "eur"}, [once.id, first.id]),
    ):
        asked: Any = given
        assert [each.id for each in client.v1.prices.list(asked).data] == expected, given


def test_a_lookup_key_names_one_price(client: StripeClient) -> None:
    first = monthly(client, lookup_key="seven")
    with pytest.raises(InvalidRequestError) as refused:
        monthly(client, lookup_key="seven")
    assert refused.value.param == "lookup_key"
    second = monthly(client, lookup_key="seven", transfer_lookup_key=True)
    assert client.v1.prices.retrieve(first.id).lookup_key is None
    assert client.v1.prices.update(second.id, {"lookup_key": "eight"}).lookup_key == "eight"


def test_a_price_may_be_retired(client: StripeClient) -> None:
    price = monthly(client)
    assert client.v1.prices.update(price.id, {"active": False, "metadata": {"a": "1"}}).active is False
    assert event_types(client)[-1] == "price.updated"
    with pytest.raises(InvalidRequestError, match="inactive"):
        pledge(client, line_items=[{"price": price.id, "quantity": 1}])


def test_a_product_is_changed(client: StripeClient) -> None:
    after = client.v1.products.update("membership_pledge", {"name": "Patron", "active": False, "description": "d"})
    assert (after.name, after.active, after.description) == ("Patron", False, "d")
    (event,) = client.v1.events.list({"type": "product.updated"}).data
    previous: Any = event.data.previous_attributes
    assert previous.to_dict() | {"updated": 0} == {
        "active": True,
        "description": None,
        "name": "Pledge",
        "updated": 0,
    }


def test_charges_and_intents_are_listed_and_described(client: StripeClient, browser: Browser) -> None:
    session = donation(client, customer_creation="always")
    browser.pay(session, DECLINED)
    browser.pay(session)
    after: Any = client.v1.checkout.sessions.retrieve(session.id)
    browser.pay(donation(client))
    paid, refused = client.v1.charges.list({"payment_intent": after.payment_intent}).data
    assert (paid.status, refused.status) == ("succeeded", "failed")
    assert [each.id for each in client.v1.charges.list({"customer": after.customer}).data] == [paid.id]
    assert [each.id for each in client.v1.payment_intents.list({"customer": after.customer}).data] == [
        after.payment_intent
    ]
    changed = client.v1.charges.update(paid.id, {"metadata": {"seen": "1"}, "description": "A gift"})
    assert (changed.metadata["seen"], changed.description) == ("1", "A gift")
    assert event_types(client)[-1] == "charge.updated"
    intent = client.v1.payment_intents.update(after.payment_intent, {"metadata": {"membership_attempt": ""}})
    assert intent.metadata.to_dict() == {}
    assert event_types(client)[-1] == "charge.updated"


def test_an_intent_of_checkout_is_given_up_with_its_session_alone(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    browser.pay(session, DECLINED)
    intent = str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)
    with pytest.raises(InvalidRequestError, match="Expire the session") as refused:
        client.v1.payment_intents.cancel(intent)
    assert refused.value.code == "payment_intent_unexpected_state"
    client.v1.checkout.sessions.expire(session.id)
    assert client.v1.payment_intents.retrieve(intent).status == "canceled"


def test_an_intent_whose_debit_failed_may_be_given_up(client: StripeClient, browser: Browser) -> None:
    browser.post_json("/_sandbox/settings", {"payment_methods": ["card", "sepa_debit"]})
    session = donation(client)
    debit = {"way": "sepa_debit", "iban": "DE62370400440532013001", "account_name": "O", "email": "o@example.org"}
    browser.post(f"/c/pay/{session.id}", debit)
    intent = str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)
    after = client.v1.payment_intents.cancel(intent, {"cancellation_reason": "abandoned"})
    assert (after.status, after.cancellation_reason) == ("canceled", "abandoned")
    assert event_types(client)[-1] == "payment_intent.canceled"
    with pytest.raises(InvalidRequestError, match="a status of canceled"):
        client.v1.payment_intents.cancel(intent)


def test_an_intent_of_an_invoice_is_given_up_with_the_invoice(client: StripeClient, browser: Browser) -> None:
    browser.pay(pledge(client), FAILS_LATER)
    browser.advance(32 * DAY)
    intent = client.v1.payment_intents.list().data[0]
    with pytest.raises(InvalidRequestError, match="void it"):
        client.v1.payment_intents.cancel(intent.id)
    (payment,) = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    ).data
    client.v1.invoices.void_invoice(str(payment.invoice))
    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.cancellation_reason) == ("canceled", "void_invoice")
    assert client.v1.invoice_payments.retrieve(payment.id).status == "canceled"


def test_sessions_are_found_by_the_payers_address(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    donation(client, customer_email="taras@example.org")
    browser.pay(session, email="olena@example.org")
    for email, expected in (("olena@example.org", [session.id]), ("nobody@example.org", [])):
        found = client.v1.checkout.sessions.list({"customer_details": {"email": email}}).data
        assert [each.id for each in found] == expected


def test_a_session_lists_its_lines(client: StripeClient) -> None:
    items = [
        {"price_data": {"currency": "eur", "unit_amount": 100, "product_data": {"name": name}}, "quantity": 1}
        for name in "abc"
    ]
    session = donation(client, line_items=items)
    first = client.v1.checkout.sessions.line_items.list(session.id, {"limit": 2})
    assert ([each.description for each in first.data], first.has_more) == (["a", "b"], True)
    rest = client.v1.checkout.sessions.line_items.list(session.id, {"starting_after": first.data[1].id})
    assert ([each.description for each in rest.data], rest.has_more) == (["c"], False)


def test_every_new_object_has_the_shape_of_the_sdk(client: StripeClient, browser: Browser) -> None:
    browser.post_json("/_sandbox/settings", {"payment_methods": ["card", "sepa_debit", "apple_pay"]})
    monthly(client, lookup_key="seven", nickname="Seven")
    debit = {"way": "sepa_debit", "account_name": "Olena", "email": "o@example.org"}
    for iban in ("DE08370400440532013003", "DE62370400440532013001", "DE35370400440532013002"):
        browser.post(f"/c/pay/{pledge(client).id}", debit | {"iban": iban})
    asked = donation(client)
    browser.pay(asked, "4000002760003184")
    browser.post(f"/c/secure/{asked.id}", {"answer": "fail"})
    browser.pay(donation(client), "4000002760003184")
    wallet = donation(client, customer_creation="always")
    browser.post(f"/c/pay/{wallet.id}", {"way": "apple_pay"})
    found: list[str] = []
    customer = str(client.v1.checkout.sessions.retrieve(wallet.id).customer)
    details = [charge["payment_method_details"] for charge in browser.get_api("/v1/charges")["data"]]
    mandates = [each["sepa_debit"]["mandate"] for each in details if each["type"] == "sepa_debit"]
    browser.advance(6 * DAY)
    for path in ("customers", "charges", "payment_intents", "prices", "products", "checkout/sessions", "events"):
        listed = browser.get_api(f"/v1/{path}?limit=100")["data"]
        assert listed, path
        for each in listed:
            found += problems(each)
            found += problems(each["data"]["object"]) if path == "events" else []
    for method in browser.get_api(f"/v1/customers/{customer}/payment_methods")["data"]:
        found += problems(method)
    for mandate in mandates:
        found += problems(browser.get_api(f"/v1/mandates/{mandate}"))
    assert len(mandates) == 3
    assert found == []
