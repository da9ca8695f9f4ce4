"""Bank debits: Checkout is complete at once, and the money comes, or does not, days later."""

import json
from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from tests.stripe_sandbox.steps import DAY, Answer, Browser, donation, event_types, pledge

AT_ONCE = "DE89370400440532013000"
LATER = "DE08370400440532013003"
FAILS_AT_ONCE = "DE62370400440532013001"
FAILS_LATER = "DE78370400440532013004"
UNFUNDED = "DE65370400440002222227"
DISPUTED = "DE35370400440532013002"


@pytest.fixture(autouse=True)
def debits(browser: Browser) -> None:
    """Switches bank debits on, as somebody would in Stripe's Dashboard."""
    answer = browser.post_json("/_sandbox/settings", {"payment_methods": ["sepa_debit", "card"]})
    assert answer.json == {"payment_methods": ["card", "sepa_debit"]}


def debit(browser: Browser, session: Any, number: str, **typed: str) -> Answer:
    form = {"way": "sepa_debit", "iban": number, "account_name": "Olena Koval", "email": "olena@example.org"}
    return browser.post(f"/c/pay/{session.id}", form | typed)


def looked_up(client: StripeClient, session: Any) -> Any:
    expand = ["payment_intent.latest_charge.balance_transaction"]
    return client.v1.checkout.sessions.retrieve(session.id, {"expand": expand})


def test_a_debit_completes_checkout_without_money(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    assert session.payment_method_types == ["card", "sepa_debit"]
    answer = debit(browser, session, "de08 3704 0044 0532 0130 03")
    assert answer.location == f"http://localhost:8000/support/thanks/r?session={session.id}"
    after = looked_up(client, session)
    intent, charge = after.payment_intent, after.payment_intent.latest_charge
    assert (after.status, after.payment_status) == ("complete", "unpaid")
    assert (intent.status, charge.status, charge.paid) == ("processing", "pending", False)
    assert charge.balance_transaction is None
    assert client.v1.balance_transactions.list().data == []
    assert event_types(client)[2:] == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "checkout.session.completed",
    ]


def test_the_money_of_a_debit_comes_days_later(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    debit(browser, session, LATER)
    browser.advance(5 * DAY - 60)
    assert looked_up(client, session).payment_status == "unpaid"
    browser.advance(120)
    after = looked_up(client, session)
    intent, charge = after.payment_intent, after.payment_intent.latest_charge
    assert (after.status, after.payment_status) == ("complete", "paid")
    assert (intent.status, intent.amount_received, charge.status, charge.paid) == ("succeeded", 500, "succeeded", True)
    assert charge.balance_transaction.type == "payment"
    assert event_types(client)[6:10] == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "checkout.session.async_payment_succeeded",
    ]


@pytest.mark.parametrize(
    ("iban", "days", "code"),
    [
        (FAILS_AT_ONCE, 0, "payment_method_provider_decline"),
        (FAILS_LATER, 5, "payment_method_provider_decline"),
        (UNFUNDED, 0, "insufficient_funds"),
    ],
)
def test_a_debit_may_fail(client: StripeClient, browser: Browser, iban: str, days: int, code: str) -> None:
    session = donation(client)
    assert debit(browser, session, iban).status == 303
    browser.advance(days * DAY + 1)
    after = looked_up(client, session)
    intent, charge = after.payment_intent, after.payment_intent.latest_charge
    assert (after.status, after.payment_status, intent.status) == ("complete", "unpaid", "requires_payment_method")
    assert (charge.status, charge.failure_code, intent.last_payment_error.code) == ("failed", code, code)
    assert client.v1.balance_transactions.list().data == []
    assert event_types(client)[6:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]


def test_a_debit_may_be_disputed(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    debit(browser, session, DISPUTED)
    charge = looked_up(client, session).payment_intent.latest_charge
    assert (charge.status, charge.disputed) == ("succeeded", True)
    assert len(client.v1.disputes.list({"charge": charge.id}).data) == 1


def test_a_mandate_allows_the_debit(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    debit(browser, session, AT_ONCE)
    charge = looked_up(client, session).payment_intent.latest_charge
    account = charge.payment_method_details.sepa_debit
    assert (account.country, account.bank_code, account.last4) == ("DE", "37040044", "3000")
    mandate = client.v1.mandates.retrieve(account.mandate)
    assert (mandate.status, mandate.payment_method, mandate.type) == ("active", charge.payment_method, "multi_use")


def begun(client: StripeClient, browser: Browser, iban: str) -> Any:
    session = pledge(client)
    assert debit(browser, session, iban).status == 303
    after = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice"]})
    assert after.status == "complete"
    return after


def test_a_pledge_by_debit_is_active_before_it_is_paid(client: StripeClient, browser: Browser) -> None:
    after = begun(client, browser, LATER)
    assert (after.payment_status, after.subscription.status, after.invoice.status) == ("unpaid", "active", "open")
    browser.advance(5 * DAY)
    assert client.v1.invoices.retrieve(after.invoice.id).status == "paid"
    assert client.v1.checkout.sessions.retrieve(after.id).payment_status == "paid"
    types = event_types(client)
    assert types.index("invoice.paid") < types.index("checkout.session.async_payment_succeeded")
    browser.advance(27 * DAY)
    first, *_ = client.v1.invoices.list({"subscription": after.subscription.id}).data
    assert (first.billing_reason, first.status) == ("subscription_cycle", "open")
    browser.advance(5 * DAY)
    assert client.v1.invoices.retrieve(first.id).status == "paid"


def test_a_pledge_whose_first_debit_fails_is_past_due(client: StripeClient, browser: Browser) -> None:
    after = begun(client, browser, FAILS_LATER)
    browser.advance(5 * DAY)
    assert client.v1.subscriptions.retrieve(after.subscription.id).status == "past_due"
    assert client.v1.checkout.sessions.retrieve(after.id).payment_status == "unpaid"
    assert {"invoice.payment_failed", "checkout.session.async_payment_failed"} <= set(event_types(client))


def test_a_debit_on_its_way_may_be_described_anew_and_still_arrives(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    debit(browser, session, LATER)
    intent = looked_up(client, session).payment_intent
    client.v1.payment_intents.update(intent.id, {"metadata": {"note": "seen"}})
    browser.advance(5 * DAY)
    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.metadata["note"]) == ("succeeded", "seen")


def test_a_debit_is_for_euros_alone(client: StripeClient, browser: Browser) -> None:
    session = donation(client, 20_000, "uah")
    assert session.payment_method_types == ["card"]
    assert "Bank debit" not in browser.get(f"/c/pay/{session.id}").text
    assert "Enter a card number." in debit(browser, session, AT_ONCE).text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"iban": ""}, "Enter an IBAN."),
        ({"iban": "DE00 1234"}, "not an IBAN the sandbox knows"),
        ({"account_name": " "}, "Enter the name on the account"),
        ({"email": "olena"}, "Enter an e-mail address"),
    ],
)
def test_a_wrong_field_of_a_debit_gets_a_sentence(
    client: StripeClient, browser: Browser, typed: dict[str, str], words: str
) -> None:
    session = donation(client)
    answer = debit(browser, session, AT_ONCE, **typed)
    assert answer.status == 422
    assert words in answer.text
    assert 'value="sepa_debit" id="way-debit" checked' in answer.text
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_the_invoice_of_a_debit_on_its_way_has_an_event(client: StripeClient, browser: Browser) -> None:
    begun(client, browser, LATER)
    (event,) = client.v1.events.list({"type": "invoice.updated"}).data
    assert json.loads(str(event.data.previous_attributes)) == {"attempt_count": 0, "attempted": False}


def test_the_invoice_of_a_debit_on_its_way_cannot_be_made_void(client: StripeClient, browser: Browser) -> None:
    after = begun(client, browser, LATER)
    with pytest.raises(InvalidRequestError, match="processing") as refused:
        client.v1.invoices.void_invoice(after.invoice.id)
    assert refused.value.http_status == 400
    assert client.v1.invoices.retrieve(after.invoice.id).status == "open"
    browser.advance(5 * DAY)
    assert client.v1.invoices.retrieve(after.invoice.id).status == "paid"


def test_the_invoice_of_a_debit_that_failed_can_be_made_void(client: StripeClient, browser: Browser) -> None:
    after = begun(client, browser, FAILS_LATER)
    browser.advance(5 * DAY)
    assert client.v1.invoices.void_invoice(after.invoice.id).status == "void"
