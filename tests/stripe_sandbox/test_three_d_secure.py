"""3-D Secure: the bank asks the payer on a page of its own, and the payment waits for the answer."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from stripe import StripeClient
from stripe.checkout import Session

from tests.stripe_sandbox.steps import DAY, DECLINED, Answer, Browser, donation, event_types, pledge

SET_UP_ONCE = "4000002500003155"
ALWAYS = "4000002760003184"
DECLINED_AFTERWARDS = "4000008400001629"


def asked(client: StripeClient, browser: Browser, session: Session, card: str = SET_UP_ONCE) -> str:
    """Pays with a card whose bank asks, and returns the path of the bank's page."""
    answer = browser.pay(session, card, card_name="Олена Коваль")
    assert (answer.status, answer.location) == (303, f"/c/secure/{session.id}")
    return answer.location


def answered(browser: Browser, path: str, word: str) -> Answer:
    return browser.post(path, {"answer": word})


def test_the_payment_waits_while_the_bank_asks(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    page = browser.get(asked(client, browser, session))
    assert page.status == 200
    assert "€5.00" in page.text
    assert "ending in 3155" in page.text
    after: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    intent = after.payment_intent
    assert (after.status, intent.status, intent.next_action.type) == ("open", "requires_action", "use_stripe_sdk")
    assert intent.latest_charge is None
    assert event_types(client)[2:] == ["payment_intent.created", "payment_intent.requires_action"]


def test_who_passes_has_paid(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    answer = answered(browser, asked(client, browser, session), "pass")
    assert (answer.status, answer.location) == (303, f"http://localhost:8000/support/thanks/r?session={session.id}")
    after: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    intent = after.payment_intent
    assert (after.payment_status, intent.status, intent.next_action) == ("paid", "succeeded", None)
    card = intent.latest_charge.payment_method_details.card
    assert (card.three_d_secure.result, card.three_d_secure.version) == ("authenticated", "2.2.0")
    assert after.customer_details.name == "Олена Коваль"


def test_who_fails_is_back_on_the_page_with_the_reason_and_may_pay_otherwise(
    client: StripeClient, browser: Browser
) -> None:
    session = donation(client)
    answer = answered(browser, asked(client, browser, session), "fail")
    assert answer.status == 402
    assert "unable to authenticate" in answer.text
    for kept in (SET_UP_ONCE, "olena@example.org", "12/34", "Олена Коваль"):
        assert f'value="{kept}"' in answer.text
    assert f'action="/c/pay/{session.id}"' in answer.text
    after: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    intent = after.payment_intent
    assert (after.status, intent.status, intent.latest_charge) == ("open", "requires_payment_method", None)
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert event_types(client)[-1] == "payment_intent.payment_failed"
    assert browser.pay(session).status == 303
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_bank_may_ask_and_then_decline(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    answer = answered(browser, asked(client, browser, session, DECLINED_AFTERWARDS), "pass")
    assert answer.status == 402
    assert "Your card was declined." in answer.text
    after: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert after.payment_intent.latest_charge.failure_code == "card_declined"


def test_another_card_may_be_used_while_the_bank_asks(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    path = asked(client, browser, session)
    assert browser.pay(session, DECLINED).status == 402
    assert browser.get(path).location == f"/c/pay/{session.id}"
    assert browser.pay(session).status == 303
    assert answered(browser, path, "pass").location.startswith("http://localhost:8000/support/thanks")
    assert len(client.v1.balance_transactions.list().data) == 1


@pytest.mark.parametrize("word", ["", "maybe"])
def test_the_bank_wants_one_of_two_answers(client: StripeClient, browser: Browser, word: str) -> None:
    answer = answered(browser, asked(client, browser, donation(client)), word)
    assert answer.status == 422
    assert "Press one of the two buttons." in answer.text


def test_the_banks_page_is_nothing_without_a_question(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    assert browser.get("/c/secure/cs_test_nothing").status == 404
    assert browser.get(f"/c/secure/{session.id}").location == f"/c/pay/{session.id}"
    assert browser.post(f"/c/secure/{session.id}", {"answer": "pass"}).location == f"/c/pay/{session.id}"


def test_an_expired_session_gives_up_what_was_tried(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    path = asked(client, browser, session)
    client.v1.checkout.sessions.expire(session.id)
    intent = client.v1.payment_intents.list().data[0]
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")
    assert event_types(client)[-2:] == ["payment_intent.canceled", "checkout.session.expired"]
    assert answered(browser, path, "pass").status == 410


def begun(client: StripeClient, browser: Browser, card: str) -> str:
    session = pledge(client)
    path = asked(client, browser, session, card)
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    assert client.v1.customers.list().data == []
    assert answered(browser, path, "pass").status == 303
    return str(client.v1.checkout.sessions.retrieve(session.id).subscription)


def test_a_card_that_was_set_up_is_not_asked_again(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser, SET_UP_ONCE)
    browser.advance(32 * DAY)
    assert client.v1.subscriptions.retrieve(subscription).status == "active"
    assert len(client.v1.balance_transactions.list({"type": "charge"}).data) == 2


def test_a_bank_that_always_asks_stops_each_renewal(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser, ALWAYS)
    browser.advance(32 * DAY)
    after = client.v1.subscriptions.retrieve(subscription)
    assert after.status == "past_due"
    intents = client.v1.payment_intents.list().data
    assert [intent.status for intent in intents] == ["requires_action", "succeeded"]
    assert {"payment_intent.requires_action", "invoice.payment_action_required", "invoice.payment_failed"} <= set(
        event_types(client)
    )


def test_a_card_attached_without_its_owner_was_never_set_up(client: StripeClient, browser: Browser) -> None:
    browser.pay(pledge(client))
    subscription = client.v1.subscriptions.list().data[0]
    customer = str(subscription.customer)
    method = client.v1.payment_methods.attach("pm_card_authenticationRequiredOnSetup", {"customer": customer})
    client.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})
    browser.advance(32 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def test_the_banks_page_says_what_it_is(client: StripeClient, browser: Browser) -> None:
    page = browser.get(urlsplit(asked(client, browser, donation(client))).path).text
    for word in ("pass", "fail"):
        assert f'name="answer" value="{word}"' in page
    assert '<html lang="en">' in page
