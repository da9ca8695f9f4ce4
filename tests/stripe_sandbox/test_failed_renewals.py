"""Renewals that fail: past due, tried again, recovered with another card, or given up as the setting says."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from stripe import CardError, InvalidRequestError, StripeClient, Subscription

from membership.stripe_sandbox.payments.cards import FAILS_LATER
from tests.stripe_sandbox.renewing import (
    begun,
    billing,
    latest,
    move_to,
    past_period,
    period_end,
    types_since,
)
from tests.stripe_sandbox.steps import CARD, DAY, DECLINED, GOOD, Answer, Browser

pytestmark = pytest.mark.usefixtures("sound_events")

ASKS_EACH_TIME = "4000002760003184"


@pytest.fixture
def behind(client: StripeClient, browser: Browser) -> Subscription:
    """A subscription whose renewal has failed once."""
    return past_period(client, browser, begun(client, browser, FAILS_LATER))


def type_card(browser: Browser, url: str | None, card: str = GOOD) -> Answer:
    """Fills in the card form of a hosted page."""
    return browser.post(urlsplit(str(url)).path, {"card_number": card} | CARD)


def through_all_tries(client: StripeClient, browser: Browser, subscription: Subscription) -> Subscription:
    for _ in range(3):
        move_to(browser, int(str(latest(client, subscription).next_payment_attempt)))
    return client.v1.subscriptions.retrieve(subscription.id)


def test_a_failed_renewal_leaves_the_subscription_past_due(client: StripeClient, behind: Subscription) -> None:
    invoice = latest(client, behind)
    tried = int(str(invoice.status_transitions.finalized_at))
    assert (behind.status, invoice.status, invoice.attempt_count) == ("past_due", "open", 1)
    assert invoice.next_payment_attempt == tried + 3 * DAY
    assert client.v1.customers.retrieve(str(behind.customer)).delinquent
    assert types_since(client, tried) == [
        "invoice.finalized",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.updated",
        "customer.subscription.updated",
    ]


def test_it_is_tried_again_after_three_five_and_seven_days(
    client: StripeClient, browser: Browser, behind: Subscription
) -> None:
    first = int(str(latest(client, behind).status_transitions.finalized_at))
    through_all_tries(client, browser, behind)
    failures = client.v1.events.list({"type": "invoice.payment_failed"}).data[::-1]
    seen = [event.data.object for event in failures]
    assert [event.created - first for event in failures] == [0, 3 * DAY, 8 * DAY, 15 * DAY]
    assert [invoice["attempt_count"] for invoice in seen] == [1, 2, 3, 4]
    assert [invoice["next_payment_attempt"] for invoice in seen] == [
        first + 3 * DAY,
        first + 8 * DAY,
        first + 15 * DAY,
        None,
    ]
    assert len(client.v1.invoice_payments.list({"invoice": latest(client, behind).id}).data) == 1


def test_the_last_failure_ends_the_subscription(client: StripeClient, browser: Browser, behind: Subscription) -> None:
    ended: Any = through_all_tries(client, browser, behind)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    (deleted,) = client.v1.events.list({"type": "customer.subscription.deleted"}).data
    assert deleted.data.object["id"] == behind.id
    invoice = latest(client, behind)
    assert (invoice.status, invoice.auto_advance, invoice.next_payment_attempt) == ("open", False, None)


def test_by_a_setting_it_becomes_unpaid_and_later_invoices_stay_drafts(
    client: StripeClient, browser: Browser, behind: Subscription
) -> None:
    billing(browser, failed_renewal="unpaid")
    unpaid = through_all_tries(client, browser, behind)
    assert (unpaid.status, latest(client, unpaid).status) == ("unpaid", "open")
    later = past_period(client, browser, unpaid)
    draft = latest(client, later)
    assert (later.status, draft.status, draft.auto_advance) == ("unpaid", "draft", False)
    assert draft.automatically_finalizes_at is None


def test_by_a_setting_it_stays_past_due(client: StripeClient, browser: Browser, behind: Subscription) -> None:
    billing(browser, failed_renewal="past_due")
    assert through_all_tries(client, browser, behind).status == "past_due"
    assert client.v1.events.list({"type": "customer.subscription.deleted"}).data == []


def test_a_failed_renewal_is_paid_on_its_own_page(client: StripeClient, browser: Browser, behind: Subscription) -> None:
    invoice = latest(client, behind)
    page = browser.get(urlsplit(str(invoice.hosted_invoice_url)).path)
    assert "€5.00" in page.text
    assert "<strong>open</strong>" in page.text
    assert type_card(browser, invoice.hosted_invoice_url).status == 303
    assert "This invoice is paid" in browser.get(urlsplit(str(invoice.hosted_invoice_url)).path).text
    after = client.v1.subscriptions.retrieve(behind.id)
    assert (after.status, latest(client, after).status) == ("active", "paid")
    assert not client.v1.customers.retrieve(str(behind.customer)).delinquent
    assert after.default_payment_method == behind.default_payment_method


def test_a_card_that_is_declined_there_says_so_and_changes_nothing(
    client: StripeClient, browser: Browser, behind: Subscription
) -> None:
    before = latest(client, behind)
    answer = type_card(browser, before.hosted_invoice_url, DECLINED)
    assert answer.status == 402
    assert "Your card was declined. Nothing was taken." in answer.text
    after = latest(client, behind)
    assert (after.status, after.attempt_count) == ("open", 1)
    assert after.next_payment_attempt == before.next_payment_attempt


def test_a_form_with_mistakes_is_shown_again(client: StripeClient, browser: Browser, behind: Subscription) -> None:
    answer = type_card(browser, latest(client, behind).hosted_invoice_url, "12")
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert 'href="#card_number"' in answer.text


@pytest.mark.parametrize("path", ["/i/in_nothing", "/i/in_nothing/secure"])
def test_an_unknown_invoice_has_no_page(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


def test_the_next_try_takes_the_new_default_card(client: StripeClient, browser: Browser, behind: Subscription) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": str(behind.customer)})
    client.v1.subscriptions.update(behind.id, {"default_payment_method": method.id})
    invoice = latest(client, behind)
    assert invoice.status == "open"
    move_to(browser, int(str(invoice.next_payment_attempt)))
    assert latest(client, behind).status == "paid"
    assert client.v1.subscriptions.retrieve(behind.id).status == "active"


def test_a_bank_that_wants_the_payer_is_told_of_and_answered_on_the_page(
    client: StripeClient, browser: Browser
) -> None:
    session_paid = _begun_with_3ds(client, browser)
    behind = past_period(client, browser, session_paid)
    invoice = latest(client, behind)
    assert types_since(client, int(str(invoice.status_transitions.finalized_at)))[2:] == [
        "payment_intent.requires_action",
        "invoice.updated",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "customer.updated",
        "customer.subscription.updated",
    ]
    path = urlsplit(str(invoice.hosted_invoice_url)).path
    answer = type_card(browser, invoice.hosted_invoice_url, ASKS_EACH_TIME)
    assert (answer.status, answer.location) == (303, f"{path}/secure")
    assert "3-D Secure" in browser.get(f"{path}/secure").text
    assert browser.post(f"{path}/secure", {"answer": "pass"}).status == 303
    assert (latest(client, behind).status, client.v1.subscriptions.retrieve(behind.id).status) == ("paid", "active")


def test_a_refused_bank_question_leaves_the_invoice_open(client: StripeClient, browser: Browser) -> None:
    behind = past_period(client, browser, _begun_with_3ds(client, browser))
    path = urlsplit(str(latest(client, behind).hosted_invoice_url)).path
    type_card(browser, path, ASKS_EACH_TIME)
    assert browser.post(f"{path}/secure", {"answer": "maybe"}).status == 422
    assert browser.post(f"{path}/secure", {"answer": "fail"}).status == 402
    assert latest(client, behind).status == "open"


def test_a_card_refused_for_good_is_counted_but_not_charged_again(client: StripeClient, browser: Browser) -> None:
    behind = past_period(client, browser, _begun_with_3ds(client, browser))
    asked = len(client.v1.events.list({"type": "payment_intent.requires_action"}).data)
    ended = through_all_tries(client, browser, behind)
    assert ended.status == "canceled"
    assert latest(client, behind).attempt_count == 4
    assert len(client.v1.events.list({"type": "payment_intent.requires_action"}).data) == asked


def _begun_with_3ds(client: StripeClient, browser: Browser) -> Subscription:
    subscription = begun(client, browser)
    method = client.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": str(subscription.customer)}
    )
    return client.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})


def test_paying_by_the_api_says_why_it_failed_and_that_stands(client: StripeClient, behind: Subscription) -> None:
    with pytest.raises(CardError, match="declined") as refused:
        client.v1.invoices.pay(str(behind.latest_invoice))
    assert refused.value.code == "card_declined"
    assert len(client.v1.events.list({"type": "charge.failed"}).data) == 2
    assert latest(client, behind).attempt_count == 1


def test_paying_by_the_api_with_another_card_brings_the_subscription_back(
    client: StripeClient, behind: Subscription
) -> None:
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": str(behind.customer)})
    paid = client.v1.invoices.pay(str(behind.latest_invoice), {"payment_method": method.id})
    assert (paid.status, paid.amount_paid) == ("paid", 500)
    assert client.v1.subscriptions.retrieve(behind.id).status == "active"
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.invoices.pay(paid.id)
    assert refused.value.code == "invoice_already_paid"


def test_a_foreign_card_cannot_pay(client: StripeClient, behind: Subscription) -> None:
    stranger = client.v1.customers.create({"email": "other@example.org"})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": stranger.id})
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.invoices.pay(str(behind.latest_invoice), {"payment_method": method.id})
    assert refused.value.param == "payment_method"


def test_a_void_invoice_is_tried_no_more_and_no_longer_owed(
    client: StripeClient, browser: Browser, behind: Subscription
) -> None:
    void: Any = client.v1.invoices.void_invoice(str(behind.latest_invoice))
    assert (void.status, void.next_payment_attempt) == ("void", None)
    assert void.status_transitions.voided_at
    assert client.v1.subscriptions.retrieve(behind.id).status == "active"
    move_to(browser, period_end(behind) - 10 * DAY)
    assert len(client.v1.events.list({"type": "invoice.payment_failed"}).data) == 1
    with pytest.raises(InvalidRequestError, match="void"):
        client.v1.invoices.pay(void.id)


def test_an_uncollectible_invoice_can_still_be_paid(
    client: StripeClient, browser: Browser, behind: Subscription
) -> None:
    given_up: Any = client.v1.invoices.mark_uncollectible(str(behind.latest_invoice))
    assert (given_up.status, given_up.status_transitions.marked_uncollectible_at is None) == ("uncollectible", False)
    assert client.v1.subscriptions.retrieve(behind.id).status == "active"
    assert type_card(browser, given_up.hosted_invoice_url).status == 303
    assert client.v1.invoices.retrieve(given_up.id).status == "paid"


def test_what_is_paid_elsewhere_moves_no_money(client: StripeClient, behind: Subscription) -> None:
    before = client.v1.balance_transactions.list().data
    paid = client.v1.invoices.pay(str(behind.latest_invoice), {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid_off_stripe) == ("paid", 500)
    assert len(client.v1.balance_transactions.list().data) == len(before)


def test_cancelling_stops_the_tries(client: StripeClient, browser: Browser, behind: Subscription) -> None:
    client.v1.subscriptions.cancel(behind.id)
    invoice = client.v1.invoices.retrieve(str(behind.latest_invoice))
    assert (invoice.status, invoice.auto_advance, invoice.next_payment_attempt) == ("open", False, None)
    move_to(browser, period_end(behind) - 10 * DAY)
    assert len(client.v1.events.list({"type": "invoice.payment_failed"}).data) == 1


def test_a_weekly_subscription_is_given_up_by_its_oldest_invoice(client: StripeClient, browser: Browser) -> None:
    weekly = begun(client, browser, FAILS_LATER, interval="week")
    move_to(browser, period_end(weekly) + 16 * DAY)
    ended: Any = client.v1.subscriptions.retrieve(weekly.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert len(client.v1.invoices.list({"subscription": weekly.id, "status": "open"}).data) == 3


def test_only_the_newest_invoice_brings_a_subscription_back(client: StripeClient, browser: Browser) -> None:
    weekly = begun(client, browser, FAILS_LATER, interval="week")
    first = latest(client, past_period(client, browser, weekly))
    behind = past_period(client, browser, client.v1.subscriptions.retrieve(weekly.id))
    assert type_card(browser, first.hosted_invoice_url).status == 303
    assert client.v1.subscriptions.retrieve(weekly.id).status == "past_due"
    assert type_card(browser, latest(client, behind).hosted_invoice_url).status == 303
    assert client.v1.subscriptions.retrieve(weekly.id).status == "active"
