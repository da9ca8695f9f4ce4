"""Money given every month or year: subscription, invoices, renewals, cancellation."""

from datetime import UTC, datetime
from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from membership.stripe_sandbox.billing.calendars import period_after
from tests.stripe_sandbox.renewing import HOUR, begun, past_period, period_end
from tests.stripe_sandbox.steps import DAY, DECLINED, FAILS_LATER, Browser, event_types, pledge


def test_a_paid_pledge_is_an_active_subscription(client: StripeClient, browser: Browser) -> None:
    session = pledge(client)
    page = browser.get(f"/c/pay/{session.id}").text
    assert "every month" in page
    assert browser.pay(session, card_name="Olena Koval").status == 303
    after = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice.payments"]})
    subscription: Any = after.subscription
    invoice: Any = after.invoice
    assert after.payment_intent is None
    assert (subscription.status, subscription.billing_mode.type) == ("active", "flexible")
    assert subscription.metadata.to_dict() == {"membership_attempt": "p-1"}
    assert "current_period_end" not in subscription
    assert (invoice.status, invoice.billing_reason, invoice.amount_paid) == ("paid", "subscription_create", 500)
    assert invoice.parent.subscription_details.metadata.to_dict() == {"membership_attempt": "p-1"}
    intent = invoice.payments.data[0].payment.payment_intent
    by_intent = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent}, "expand": ["data.invoice"]}
    )
    found: Any = by_intent.data[0].invoice
    assert found.id == invoice.id
    assert client.v1.payment_intents.retrieve(intent).metadata.to_dict() == {}
    customer = client.v1.customers.retrieve(subscription.customer)
    assert (customer.email, customer.name) == ("olena@example.org", "Olena Koval")


def test_the_events_of_a_pledge(client: StripeClient, browser: Browser) -> None:
    begun(client, browser)
    assert event_types(client)[2:] == [
        "customer.created",
        "payment_method.attached",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "invoice.created",
        "invoice.finalized",
        "customer.subscription.created",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "checkout.session.completed",
    ]


def test_a_declined_first_payment_leaves_no_subscription_and_no_customer(
    client: StripeClient, browser: Browser
) -> None:
    session = pledge(client)
    assert browser.pay(session, DECLINED).status == 402
    after = client.v1.checkout.sessions.retrieve(session.id)
    assert (after.status, after.subscription, after.customer, after.invoice) == ("open", None, None, None)
    assert event_types(client)[-3:] == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert browser.pay(session).status == 303
    assert len(client.v1.subscriptions.list().data) == 1


def test_a_subscription_renews_when_its_period_ends(client: StripeClient, browser: Browser) -> None:
    before = begun(client, browser)
    after = past_period(client, browser, before)
    assert after["items"].data[0].current_period_start == period_end(before)
    newest, oldest = client.v1.invoices.list({"subscription": after.id}).data
    assert (newest.id, newest.billing_reason, newest.status) == (after.latest_invoice, "subscription_cycle", "paid")
    assert (newest.created, newest.period_start, newest.period_end) == (
        period_end(before),
        oldest.created,
        period_end(before),
    )
    assert newest.lines.data[0].period.end == period_end(after)
    assert len(client.v1.balance_transactions.list({"type": "charge"}).data) == 2


def test_a_year_of_renewals_in_one_step(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser)
    browser.advance(365 * DAY + HOUR)
    invoices = client.v1.invoices.list({"subscription": subscription.id, "limit": 100}).data
    assert [invoice.status for invoice in invoices] == ["paid"] * len(invoices)
    assert len(invoices) == 13
    times = [invoice.created for invoice in invoices]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("begins", "interval", "ends"),
    [
        ("2026-01-31", "month", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2027-12-30", "month", ["2028-01-30", "2028-02-29", "2028-03-30"]),
        ("2028-02-29", "year", ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("2026-01-01", "week", ["2026-01-08", "2026-01-15"]),
    ],
)
def test_periods_end_as_stripe_ends_them(begins: str, interval: str, ends: list[str]) -> None:
    def moment(day: str) -> int:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())

    at = moment(begins)
    for end in ends:
        at = period_after(moment(begins), at, interval, 1)
        assert at == moment(end)


def test_an_end_with_the_period_can_be_undone(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser)
    ending = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at_period_end) == ("active", True)
    assert ending.cancel_at == period_end(subscription)
    undone = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (undone.cancel_at_period_end, undone.cancel_at, undone.canceled_at) == (False, None, None)
    assert past_period(client, browser, undone).status == "active"


def test_an_ending_subscription_ends_with_its_period(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser)
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    ended = past_period(client, browser, subscription)
    assert (ended.status, ended.ended_at) == ("canceled", period_end(subscription))
    assert event_types(client)[-1] == "customer.subscription.deleted"
    assert len(client.v1.invoices.list({"subscription": subscription.id}).data) == 1
    assert client.v1.subscriptions.list().data == []
    assert [each.id for each in client.v1.subscriptions.list({"status": "all"}).data] == [subscription.id]


def test_a_subscription_cancelled_at_once_is_over(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser)
    assert client.v1.subscriptions.cancel(subscription.id).status == "canceled"
    with pytest.raises(InvalidRequestError, match="canceled subscription"):
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})


def test_a_card_that_fails_later_leaves_the_subscription_past_due(client: StripeClient, browser: Browser) -> None:
    subscription = past_period(client, browser, begun(client, browser, FAILS_LATER))
    assert subscription.status == "past_due"
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (invoice.status, invoice.attempt_count, invoice.amount_remaining) == ("open", 1, 500)
    assert event_types(client)[-6:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.updated",
        "customer.subscription.updated",
    ]


def test_an_update_says_what_was_before(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser)
    client.v1.subscriptions.update(subscription.id, {"metadata": {"added": "1", "membership_attempt": ""}})
    (event,) = client.v1.events.list({"types": ["customer.subscription.updated"]}).data
    previous: Any = event.data.previous_attributes
    assert previous.to_dict() == {"metadata": {"added": None, "membership_attempt": "p-1"}}
    assert event.data.object["metadata"].to_dict() == {"added": "1"}
