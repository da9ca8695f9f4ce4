"""Renewals that succeed: announced, drafted, finalised after an hour, paid; and what each tells."""

from datetime import UTC, datetime
from typing import Any

import pytest
from stripe import StripeClient

from tests.stripe_sandbox.renewing import (
    HOUR,
    begun,
    billing,
    into_next_period,
    latest,
    move_to,
    past_period,
    period_end,
    types_since,
)
from tests.stripe_sandbox.steps import DAY, Browser

pytestmark = pytest.mark.usefixtures("sound_events")


def test_a_renewal_is_a_draft_for_an_hour(client: StripeClient, browser: Browser) -> None:
    before = begun(client, browser)
    after = into_next_period(client, browser, before)
    invoice = latest(client, after)
    assert (after.status, invoice.status, invoice.attempted, invoice.number) == ("active", "draft", False, None)
    assert invoice.automatically_finalizes_at == invoice.next_payment_attempt == period_end(before) + HOUR
    assert invoice.hosted_invoice_url is None


def test_after_the_hour_it_is_paid(client: StripeClient, browser: Browser) -> None:
    subscription = past_period(client, browser, begun(client, browser))
    invoice: Any = client.v1.invoices.retrieve(str(subscription.latest_invoice), {"expand": ["payments"]})
    assert (invoice.status, invoice.attempt_count, invoice.auto_advance) == ("paid", 1, False)
    assert (invoice.next_payment_attempt, invoice.automatically_finalizes_at) == (None, None)
    assert invoice.status_transitions.finalized_at == invoice.created + HOUR
    assert invoice.payments.data[0].status == "paid"


def test_the_events_of_a_renewal_in_their_order(client: StripeClient, browser: Browser) -> None:
    before = begun(client, browser)
    past_period(client, browser, before)
    assert types_since(client, period_end(before) - DAY) == [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]


def test_a_renewal_is_announced_seven_days_before(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser, amount=900)
    move_to(browser, period_end(subscription) - 7 * DAY)
    (event,) = client.v1.events.list({"type": "invoice.upcoming"}).data
    upcoming: Any = event.data.object
    assert event.created == period_end(subscription) - 7 * DAY
    assert (upcoming["amount_due"], upcoming["billing_reason"], upcoming["status"]) == (900, "upcoming", "draft")
    assert upcoming["id"].startswith("upcoming_in_")
    assert upcoming["next_payment_attempt"] == period_end(subscription) + HOUR
    assert upcoming["lines"]["data"][0]["period"]["start"] == period_end(subscription)


def test_how_long_before_is_a_setting(client: StripeClient, browser: Browser) -> None:
    billing(browser, upcoming_days=3)
    subscription = begun(client, browser)
    move_to(browser, period_end(subscription) - 4 * DAY)
    assert client.v1.events.list({"type": "invoice.upcoming"}).data == []
    move_to(browser, period_end(subscription) - 3 * DAY)
    assert len(client.v1.events.list({"type": "invoice.upcoming"}).data) == 1


def test_an_ending_subscription_is_not_announced(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser)
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    past_period(client, browser, subscription)
    assert client.v1.events.list({"type": "invoice.upcoming"}).data == []


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"upcoming_days": 0}, "upcoming_days"),
        ({"upcoming_days": "7"}, "upcoming_days"),
        ({"failed_renewal": "forgiven"}, "failed_renewal"),
        ({"retries": 3}, "retries"),
    ],
)
def test_a_wrong_setting_is_refused(
    client: StripeClient, browser: Browser, settings: dict[str, Any], field: str
) -> None:
    answer = browser.post_json("/_sandbox/billing", settings)
    assert (answer.status, answer.json["error"]["param"]) == (400, field)
    assert browser.get("/_sandbox/billing").json == {"upcoming_days": 7, "failed_renewal": "canceled"}


def test_the_periods_are_filters_of_the_list(client: StripeClient, browser: Browser) -> None:
    monthly, yearly = begun(client, browser), begun(client, browser, interval="year")

    def listed(**filters: Any) -> list[str]:
        return [each.id for each in client.v1.subscriptions.list(filters).data]  # type: ignore[arg-type] # by name

    assert listed(current_period_end={"lte": period_end(monthly)}) == [monthly.id]
    assert listed(current_period_end={"gt": period_end(monthly)}) == [yearly.id]
    assert listed(current_period_end=period_end(yearly)) == [yearly.id]
    assert listed(created={"gt": period_end(monthly)}) == []
    assert listed(collection_method="send_invoice") == []
    assert sorted(listed(status="active")) == sorted([monthly.id, yearly.id])
    assert listed(status="past_due") == []


def test_the_items_of_a_subscription_are_listed(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser)
    (item,) = client.v1.subscription_items.list({"subscription": subscription.id}).data
    assert (item.id, item.subscription) == (subscription["items"].data[0].id, subscription.id)


def test_a_subscription_begun_on_the_31st_renews_on_the_28th_and_on_the_31st_again(
    client: StripeClient, browser: Browser
) -> None:
    move_to(browser, 1_832_889_600 + 12 * HOUR)  # 31 January 2028
    subscription = begun(client, browser)
    for day in ("2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"):
        assert _day(period_end(subscription)) == day
        subscription = past_period(client, browser, subscription)


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
