"""Stripe's test cards: what each does at Checkout, when it is charged later, and when it is attached by the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stripe import CardError, StripeClient

from tests.stripe_sandbox.steps import DAY, FAILS_LATER, Browser, donation, pledge

YEAR = 366 * DAY


def charge_of(client: StripeClient, session_id: str) -> Any:
    session: Any = client.v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent.latest_charge"]})
    return session.payment_intent.latest_charge


@pytest.mark.parametrize(
    ("number", "brand", "funding", "cvc"),
    [
        ("4242424242424242", "visa", "credit", "123"),
        ("4000056655665556", "visa", "debit", "123"),
        ("5555555555554444", "mastercard", "credit", "123"),
        ("378282246310005", "amex", "credit", "1234"),
    ],
)
def test_good_cards_of_several_brands_pay(
    client: StripeClient, browser: Browser, number: str, brand: str, funding: str, cvc: str
) -> None:
    session = donation(client)
    assert browser.pay(session, number, card_cvc=cvc).status == 303
    charge = charge_of(client, session.id)
    card = charge.payment_method_details.card
    assert (card.brand, card.funding, card.last4, card.three_d_secure) == (brand, funding, number[-4:], None)
    assert (charge.outcome.type, charge.outcome.network_status) == ("authorized", "approved_by_network")


@pytest.mark.parametrize(("number", "cvc"), [("378282246310005", "123"), ("4242424242424242", "1234")])
def test_a_security_code_has_as_many_digits_as_the_brand_says(
    client: StripeClient, browser: Browser, number: str, cvc: str
) -> None:
    session = donation(client)
    assert browser.pay(session, number, card_cvc=cvc).status == 422
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


@pytest.mark.parametrize(
    ("number", "code", "decline_code", "reason"),
    [
        ("4000000000000002", "card_declined", "generic_decline", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card", "stolen_card"),
        ("4000000000000069", "expired_card", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error", "processing_error"),
        ("4000000000000341", "card_declined", "generic_decline", "generic_decline"),
        ("4100000000000019", "card_declined", "fraudulent", "highest_risk_level"),
    ],
)
def test_each_refusal_has_stripes_own_codes(
    client: StripeClient, browser: Browser, number: str, code: str, decline_code: str, reason: str
) -> None:
    session = donation(client)
    assert browser.pay(session, number).status == 402
    charge = charge_of(client, session.id)
    intent: Any = client.v1.payment_intents.retrieve(charge.payment_intent)
    error = intent.last_payment_error
    assert (charge.status, charge.failure_code, charge.outcome.reason) == ("failed", code, reason)
    assert (error.type, error.code, error.decline_code, error.charge) == ("card_error", code, decline_code, charge.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)


def test_a_payment_that_is_too_risky_never_reaches_the_bank(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    browser.pay(session, "4100000000000019")
    outcome = charge_of(client, session.id).outcome
    assert (outcome.type, outcome.network_status, outcome.risk_level) == ("blocked", "not_sent_to_network", "highest")
    assert outcome.seller_message == "Stripe blocked this payment as too risky."


def test_a_fraudulent_payment_is_disputed(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    assert browser.pay(session, "4000000000000259").status == 303
    charge = charge_of(client, session.id)
    (dispute,) = client.v1.disputes.list({"charge": charge.id}).data
    assert (charge.status, charge.disputed, dispute.reason, dispute.amount) == ("succeeded", True, "fraudulent", 500)


def test_a_warning_of_fraud_follows_a_payment(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    assert browser.pay(session, "4000000000005423").status == 303
    charge = charge_of(client, session.id)
    (warning,) = client.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert (charge.status, charge.disputed, warning.actionable) == ("succeeded", False, True)


def test_a_card_that_pays_now_fails_at_the_renewal(client: StripeClient, browser: Browser) -> None:
    browser.pay(pledge(client), FAILS_LATER)
    browser.advance(32 * DAY)
    assert client.v1.subscriptions.list({"status": "past_due"}).data


def customer_with(client: StripeClient, token: str) -> tuple[str, str]:
    customer = client.v1.customers.create({"email": "olena@example.org", "name": "Olena"})
    method = client.v1.payment_methods.attach(token, {"customer": customer.id})
    return customer.id, method.id


@pytest.mark.parametrize("token", ["pm_card_visa_chargeDeclined", "pm_card_radarBlock"])
def test_a_card_that_is_always_declined_cannot_be_attached(client: StripeClient, token: str) -> None:
    with pytest.raises(CardError) as refused:
        customer_with(client, token)
    assert refused.value.http_status == 402
    assert refused.value.code == "card_declined"


def test_a_card_attaches_and_then_fails_as_stripe_documents_it(client: StripeClient, browser: Browser) -> None:
    session = pledge(client)
    browser.pay(session)
    subscription = client.v1.subscriptions.list().data[0]
    method = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": str(subscription.customer)})
    client.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})
    browser.advance(32 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def this_month(browser: Browser) -> tuple[str, int]:
    """Returns the expiry of a card that lasts until the end of this month, and the seconds until then."""
    now = browser.get("/_sandbox/health").json["now"]
    today = datetime.fromtimestamp(now, UTC)
    first = (today.replace(day=1, hour=0, minute=0, second=0) + timedelta(days=32)).replace(day=1)
    return f"{today.month:02}/{today.year % 100:02}", int(first.timestamp()) - now


def test_a_card_beyond_its_expiry_fails_at_the_renewal(client: StripeClient, browser: Browser) -> None:
    expiry, _ = this_month(browser)
    assert browser.pay(pledge(client, interval="year"), card_expiry=expiry).status == 303
    browser.advance(YEAR)
    assert "expired_card" in [charge.failure_code for charge in client.v1.charges.list().data]


def test_a_bank_that_sends_the_new_expiry_keeps_a_pledge_alive(client: StripeClient, browser: Browser) -> None:
    expiry, seconds = this_month(browser)
    browser.pay(pledge(client, interval="year"), "5555555555554444", card_expiry=expiry)
    method = str(client.v1.subscriptions.list().data[0].default_payment_method)
    before: Any = client.v1.payment_methods.retrieve(method)
    browser.advance(seconds + 1)
    after: Any = client.v1.payment_methods.retrieve(method)
    assert after.card.exp_year == before.card.exp_year + 4
    (event,) = client.v1.events.list({"type": "payment_method.automatically_updated"}).data
    assert event.data.object["id"] == method
    browser.advance(YEAR)
    assert [charge.status for charge in client.v1.charges.list().data] == ["succeeded", "succeeded"]
