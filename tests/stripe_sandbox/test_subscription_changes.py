"""Changes of a subscription: amount, interval, date, card, pause, end; and what is refused."""

import json
from typing import Any

import pytest
from stripe import CardError, InvalidRequestError, StripeClient, Subscription

from membership.stripe_sandbox.payments.cards import FAILS_LATER
from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.renewing import (
    HOUR,
    begun,
    item_of,
    latest,
    move_to,
    past_period,
    period_end,
    price,
    time_of,
    types_since,
)
from tests.stripe_sandbox.steps import DAY, Browser

pytestmark = pytest.mark.usefixtures("sound_events")


def to_price(subscription: Subscription, data: Any, **more: Any) -> Any:
    """Returns the parameters that change the price of a subscription's item."""
    return {"items": [{"id": item_of(subscription).id, "price_data": data}], "proration_behavior": "none"} | more


def refused(client: StripeClient, subscription: Subscription, params: Any) -> InvalidRequestError:
    """Asks for a change that is refused, and returns why."""
    with pytest.raises(InvalidRequestError) as error:
        client.v1.subscriptions.update(subscription.id, params)
    assert str(client.v1.subscriptions.retrieve(subscription.id)) == str(subscription)
    return error.value


def test_another_amount_counts_from_the_next_charge(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    changed = client.v1.subscriptions.update(
        subscription.id, to_price(subscription, price(1200), payment_behavior="error_if_incomplete")
    )
    assert item_of(changed).price.unit_amount == item_of(changed).plan.amount == 1200
    assert item_of(changed).id == item_of(subscription).id
    assert period_end(changed) == period_end(subscription)
    assert len(client.v1.invoices.list({"subscription": subscription.id}).data) == 1
    past_period(client, browser, changed)
    assert latest(client, changed).amount_paid == 1200


def test_a_named_price_and_a_quantity_count_too(client: StripeClient, subscription: Subscription) -> None:
    made = client.v1.prices.create(
        {"currency": "eur", "unit_amount": 700, "product": "membership_pledge", "recurring": {"interval": "month"}}
    )
    item: Any = {"id": item_of(subscription).id, "price": made.id, "quantity": 2}
    changed = client.v1.subscriptions.update(subscription.id, {"items": [item], "proration_behavior": "none"})
    assert (item_of(changed).price.id, item_of(changed).quantity) == (made.id, 2)


def test_another_interval_charges_the_full_new_period_today(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    move_to(browser, time_of(browser) + 5 * DAY)
    changed = client.v1.subscriptions.update(subscription.id, to_price(subscription, price(6000, "year")))
    now = time_of(browser)
    invoice = latest(client, changed)
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == ("paid", 6000, "subscription_update")
    assert abs(item_of(changed).current_period_start - now) <= 5
    assert 365 * DAY <= period_end(changed) - item_of(changed).current_period_start <= 366 * DAY
    assert changed.billing_cycle_anchor == item_of(changed).current_period_start


def test_a_declined_change_of_interval_changes_nothing_if_so_asked(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser, FAILS_LATER)
    params = to_price(subscription, price(6000, "year"), payment_behavior="error_if_incomplete")
    with pytest.raises(CardError) as declined:
        client.v1.subscriptions.update(subscription.id, params)
    assert declined.value.code == "card_declined"
    assert str(client.v1.subscriptions.retrieve(subscription.id)) == str(subscription)


def test_a_declined_change_of_interval_is_past_due_otherwise(client: StripeClient, browser: Browser) -> None:
    subscription = begun(client, browser, FAILS_LATER)
    changed = client.v1.subscriptions.update(subscription.id, to_price(subscription, price(6000, "year")))
    assert (changed.status, latest(client, changed).status) == ("past_due", "open")


def test_a_period_can_begin_now(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    move_to(browser, time_of(browser) + 10 * DAY)
    params: Any = {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"}
    changed = client.v1.subscriptions.update(subscription.id, params)
    assert changed.billing_cycle_anchor >= time_of(browser) - 5
    assert len(client.v1.invoices.list({"subscription": subscription.id}).data) == 2
    unchanged: Any = {"billing_cycle_anchor": {"type": "unchanged"}}
    assert (
        client.v1.subscriptions.update(subscription.id, unchanged).billing_cycle_anchor == changed.billing_cycle_anchor
    )


def test_the_date_moves_by_a_trial_without_a_payment(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    moved_to = period_end(subscription) + 10 * DAY
    changed = client.v1.subscriptions.update(subscription.id, {"trial_end": moved_to, "proration_behavior": "none"})
    assert (changed.status, changed.trial_end, period_end(changed)) == ("trialing", moved_to, moved_to)
    assert changed.billing_cycle_anchor == moved_to
    nothing = latest(client, changed)
    assert (nothing.status, nothing.amount_due, nothing.billing_reason) == ("paid", 0, "subscription_update")
    assert client.v1.invoice_payments.list({"invoice": nothing.id}).data == []
    move_to(browser, moved_to - 3 * DAY)
    (notice,) = client.v1.events.list({"type": "customer.subscription.trial_will_end"}).data
    assert notice.created == moved_to - 3 * DAY
    after = past_period(client, browser, changed)
    assert (after.status, latest(client, after).amount_paid) == ("active", 500)


def test_a_short_trial_is_announced_at_once_and_ends_on_demand(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    client.v1.subscriptions.update(
        subscription.id, {"trial_end": time_of(browser) + 2 * DAY, "proration_behavior": "none"}
    )
    assert len(client.v1.events.list({"type": "customer.subscription.trial_will_end"}).data) == 1
    ended = client.v1.subscriptions.update(subscription.id, {"trial_end": "now", "proration_behavior": "none"})
    assert (ended.status, latest(client, ended).amount_paid) == ("active", 500)


@pytest.mark.parametrize("behavior", ["void", "mark_uncollectible", "keep_as_draft"])
def test_a_pause_leaves_the_status_and_disposes_of_the_invoice(
    client: StripeClient, browser: Browser, subscription: Subscription, behavior: Any
) -> None:
    paused: Any = client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": behavior}})
    assert (paused.status, paused.pause_collection.behavior, paused.pause_collection.resumes_at) == (
        "active",
        behavior,
        None,
    )
    after = past_period(client, browser, paused)
    status = {"void": "void", "mark_uncollectible": "uncollectible", "keep_as_draft": "draft"}[behavior]
    assert (after.status, latest(client, after).status) == ("active", status)
    events = {
        "void": ["invoice.finalized", "invoice.voided"],
        "mark_uncollectible": ["invoice.finalized", "invoice.marked_uncollectible"],
        "keep_as_draft": [],
    }[behavior]
    happened = types_since(client, period_end(paused) - 7 * DAY)
    assert happened == ["invoice.created", *events, "customer.subscription.updated"]
    assert len(client.v1.balance_transactions.list({"type": "charge"}).data) == 1


def test_a_pause_ends_when_it_was_to_end(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    resumes_at = time_of(browser) + 40 * DAY
    client.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": "void", "resumes_at": resumes_at}}
    )
    move_to(browser, resumes_at)
    resumed = client.v1.subscriptions.retrieve(subscription.id)
    assert (resumed.pause_collection, latest(client, resumed).status) == (None, "void")
    past_period(client, browser, resumed)
    assert latest(client, resumed).status == "paid"


def test_a_pause_is_taken_back(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void"}})
    resumed = client.v1.subscriptions.update(subscription.id, {"pause_collection": ""})
    assert resumed.pause_collection is None
    past_period(client, browser, resumed)
    assert latest(client, resumed).status == "paid"


def test_a_kept_draft_is_finalised_and_paid_by_hand(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "keep_as_draft"}})
    draft = latest(client, past_period(client, browser, subscription))
    opened = client.v1.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    assert (opened.status, opened.next_payment_attempt) == ("open", None)
    assert client.v1.invoices.pay(draft.id).status == "paid"
    with pytest.raises(InvalidRequestError) as error:
        client.v1.invoices.finalize_invoice(draft.id)
    assert error.value.code == "invoice_not_editable"


def test_an_advancing_draft_that_is_opened_early_is_collected_early(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    move_to(browser, period_end(subscription) + 1)
    draft = latest(client, subscription)
    assert client.v1.invoices.finalize_invoice(draft.id).status == "open"
    assert client.v1.invoices.retrieve(draft.id).status == "paid"


def test_an_end_at_a_moment(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    moment = time_of(browser) + 10 * DAY
    ending = client.v1.subscriptions.update(subscription.id, {"cancel_at": moment, "proration_behavior": "none"})
    assert (ending.cancel_at, ending.cancel_at_period_end, ending.canceled_at is None) == (moment, False, False)
    undone = client.v1.subscriptions.update(subscription.id, {"cancel_at": ""})
    assert (undone.cancel_at, undone.canceled_at) == (None, None)
    client.v1.subscriptions.update(subscription.id, {"cancel_at": moment, "proration_behavior": "none"})
    move_to(browser, moment)
    ended = client.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", moment)


def test_an_end_at_the_periods_end_by_name(client: StripeClient, subscription: Subscription) -> None:
    ending = client.v1.subscriptions.update(subscription.id, {"cancel_at": "min_period_end"})
    assert (ending.cancel_at, ending.cancel_at_period_end) == (period_end(subscription), False)


def test_another_card_is_charged_from_then_on(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    method = client.v1.payment_methods.attach("pm_card_sandboxFailsLater", {"customer": str(subscription.customer)})
    changed = client.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})
    assert changed.default_payment_method == method.id
    assert past_period(client, browser, changed).status == "past_due"


def test_an_update_tells_what_was_before(client: StripeClient, subscription: Subscription) -> None:
    client.v1.subscriptions.update(subscription.id, to_price(subscription, price(1200)))
    (event,) = client.v1.events.list({"type": "customer.subscription.updated"}).data
    previous: Any = event.data.previous_attributes
    assert previous.to_dict().keys() == {"items"}
    assert previous["items"].to_dict().keys() == {"data"}
    assert previous["items"]["data"][0]["price"]["unit_amount"] == 500


def test_of_an_object_an_update_tells_only_the_keys_that_changed(
    client: StripeClient, subscription: Subscription
) -> None:
    client.v1.subscriptions.update(subscription.id, {"cancellation_details": {"comment": "Moving"}})
    (event,) = client.v1.events.list({"type": "customer.subscription.updated"}).data
    previous: Any = event.data.previous_attributes
    assert previous.to_dict() == {"cancellation_details": {"comment": None}}


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"items": [{"id": "ITEM", "price_data": price(600)}]}, "proration_behavior"),
        (
            {"items": [{"id": "ITEM", "price_data": price(600)}], "proration_behavior": "always_invoice"},
            "proration_behavior",
        ),
        ({"items": [{"id": "si_none", "price_data": price(600)}], "proration_behavior": "none"}, "items[0][id]"),
        ({"items": [{"price_data": price(600)}], "proration_behavior": "none"}, "items[0][id]"),
        (
            {"items": [{"id": "ITEM", "price_data": price(600, currency="usd")}], "proration_behavior": "none"},
            "items[0][price_data][currency]",
        ),
        ({"items": [{"id": "ITEM", "quantity": 0}], "proration_behavior": "none"}, "items[0][quantity]"),
        ({"items": [{"id": "ITEM", "price": "price_none"}], "proration_behavior": "none"}, "items[0][price]"),
        ({"trial_end": 1_000, "proration_behavior": "none"}, "trial_end"),
        ({"trial_end": 9_000_000_000, "proration_behavior": "none"}, "trial_end"),
        ({"cancel_at": 1_000}, "cancel_at"),
        ({"cancel_at": "max_billed_until"}, "cancel_at"),
        ({"cancel_at": "min_period_end", "cancel_at_period_end": True}, "cancel_at"),
        ({"pause_collection": {"behavior": "freeze"}}, "pause_collection[behavior]"),
        ({"pause_collection": {"behavior": "void", "resumes_at": 1_000}}, "pause_collection[resumes_at]"),
        ({"default_payment_method": "pm_none"}, "default_payment_method"),
        ({"billing_cycle_anchor": {"type": "now"}}, "proration_behavior"),
        ({"metadata": {"a": "1"}, "payment_behavior": "pending_if_incomplete"}, "payment_behavior"),
        ({"collection_method": "send_invoice"}, "collection_method"),
        ({"coupon": "HALF"}, "coupon"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    client: StripeClient, subscription: Subscription, params: Any, param: str
) -> None:
    items = [
        each | {"id": item_of(subscription).id} if each.get("id") == "ITEM" else each
        for each in params.get("items", [])
    ]
    asked = params | ({"items": items} if items else {})
    assert refused(client, subscription, asked).param == param


def test_a_foreign_card_is_refused(client: StripeClient, subscription: Subscription) -> None:
    stranger = client.v1.customers.create({"email": "other@example.org"})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": stranger.id})
    error = refused(client, subscription, {"default_payment_method": method.id})
    assert (error.code, error.param) == ("resource_missing", "default_payment_method")


def test_an_invoice_has_a_list_of_its_lines(client: StripeClient, subscription: Subscription) -> None:
    invoice = latest(client, subscription)
    (line,) = client.v1.invoices.line_items.list(invoice.id).data
    assert (line.amount, line.description) == (500, "1 × 5.00 EUR / month")
    payment = client.v1.invoice_payments.list({"invoice": invoice.id}).data[0]
    assert client.v1.invoice_payments.retrieve(payment.id).amount_paid == 500


def test_a_preview_shows_the_next_charge_and_keeps_nothing(client: StripeClient, subscription: Subscription) -> None:
    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert (preview.amount_due, preview.billing_reason, preview.status) == (500, "upcoming", "draft")
    assert problems(json.loads(str(preview))) == []
    changed: Any = {
        "subscription": subscription.id,
        "subscription_details": {
            "items": [{"id": item_of(subscription).id, "price_data": price(900)}],
            "proration_behavior": "none",
        },
    }
    preview = client.v1.invoices.create_preview(changed)
    assert (preview.amount_due, preview.next_payment_attempt) == (900, period_end(subscription) + HOUR)
    assert preview.lines.data[0].period.start == period_end(subscription)
    assert item_of(client.v1.subscriptions.retrieve(subscription.id)).price.unit_amount == 500
    assert len(client.v1.invoices.list().data) == 1


def test_a_preview_of_another_interval_is_for_today(client: StripeClient, subscription: Subscription) -> None:
    changed: Any = {
        "customer": str(subscription.customer),
        "subscription_details": {
            "items": [{"id": item_of(subscription).id, "price_data": price(6000, "year")}],
            "proration_behavior": "none",
        },
    }
    preview = client.v1.invoices.create_preview(changed)
    assert preview.amount_due == 6000
    assert preview.lines.data[0].period.start < period_end(subscription)


def test_an_ending_subscription_has_no_next_invoice(client: StripeClient, subscription: Subscription) -> None:
    details: Any = {"subscription": subscription.id, "subscription_details": {"cancel_at_period_end": True}}
    with pytest.raises(InvalidRequestError) as error:
        client.v1.invoices.create_preview(details)
    assert error.value.code == "invoice_upcoming_none"


def test_an_ended_subscription_still_takes_metadata(client: StripeClient, subscription: Subscription) -> None:
    client.v1.subscriptions.cancel(subscription.id)
    changed = client.v1.subscriptions.update(subscription.id, {"metadata": {"closed": "1"}})
    assert (changed.status, changed.metadata["closed"]) == ("canceled", "1")
    with pytest.raises(InvalidRequestError, match="canceled subscription"):
        client.v1.subscriptions.update(subscription.id, {"description": "Late"})
