"""Schedules: a change that waits for the end of the period, and what it keeps others from doing."""

from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient, Subscription, SubscriptionSchedule

from tests.stripe_sandbox.renewing import item_of, latest, past_period, period_end, price
from tests.stripe_sandbox.steps import DAY, Browser

pytestmark = pytest.mark.usefixtures("sound_events")


@pytest.fixture
def schedule(client: StripeClient, subscription: Subscription) -> SubscriptionSchedule:
    return client.v1.subscription_schedules.create({"from_subscription": subscription.id})


def current(schedule: SubscriptionSchedule) -> Any:
    """Returns the current phase as it stands, as an update wants it."""
    phase = schedule.phases[0]
    item = phase["items"][0]
    return {
        "items": [{"price": str(item.price), "quantity": item.quantity}],
        "start_date": phase.start_date,
        "end_date": phase.end_date,
    }


def coming(data: Any) -> Any:
    """Returns a phase that costs this from the end of the current one."""
    return {"items": [{"price_data": data, "quantity": 1}], "proration_behavior": "none"}


def test_a_schedule_begins_with_the_current_period(
    client: StripeClient, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    assert (schedule.status, schedule.end_behavior, schedule.subscription) == ("active", "release", subscription.id)
    assert schedule.phases[0].end_date == period_end(subscription)
    assert client.v1.subscriptions.retrieve(subscription.id).schedule == schedule.id
    assert [each.id for each in client.v1.subscription_schedules.list().data] == [schedule.id]
    with pytest.raises(InvalidRequestError, match="already attached to a schedule"):
        client.v1.subscription_schedules.create({"from_subscription": subscription.id})


def test_another_amount_and_interval_begin_with_the_next_phase(
    client: StripeClient, browser: Browser, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    phases = [current(schedule), coming(price(6000, "year"))]
    planned = client.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    assert planned.phases[1].start_date == period_end(subscription)
    assert item_of(client.v1.subscriptions.retrieve(subscription.id)).price.unit_amount == 500
    preview = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert preview.amount_due == 6000
    after = past_period(client, browser, subscription)
    assert (item_of(after).price.unit_amount, latest(client, after).amount_paid) == (6000, 6000)
    assert period_end(after) - period_end(subscription) >= 365 * DAY
    assert after.billing_cycle_anchor == period_end(subscription)
    now: Any = client.v1.subscription_schedules.retrieve(schedule.id)
    assert (now.status, now.current_phase.start_date) == ("active", period_end(subscription))


def test_after_its_last_phase_a_schedule_lets_go(
    client: StripeClient, browser: Browser, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    client.v1.subscription_schedules.update(schedule.id, {"phases": [current(schedule), coming(price(900))]})
    in_phase = past_period(client, browser, subscription)
    after = past_period(client, browser, in_phase)
    released = client.v1.subscription_schedules.retrieve(schedule.id)
    assert (released.status, released.released_subscription, released.subscription) == (
        "released",
        subscription.id,
        None,
    )
    assert (after.schedule, after.status, latest(client, after).amount_paid) == (None, "active", 900)


def test_a_schedule_can_end_the_subscription(
    client: StripeClient, browser: Browser, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    client.v1.subscription_schedules.update(schedule.id, {"end_behavior": "cancel", "metadata": {"by": "us"}})
    ended = past_period(client, browser, subscription)
    completed = client.v1.subscription_schedules.retrieve(schedule.id)
    assert (ended.status, completed.status, completed.completed_at) == (
        "canceled",
        "completed",
        period_end(subscription),
    )
    assert len(client.v1.invoices.list({"subscription": subscription.id}).data) == 1


def test_a_schedule_that_ends_the_subscription_announces_no_renewal(
    client: StripeClient, browser: Browser, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    client.v1.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.invoices.create_preview({"subscription": subscription.id})
    assert (refused.value.http_status, refused.value.code) == (404, "invoice_upcoming_none")
    past_period(client, browser, subscription)
    assert client.v1.events.list({"type": "invoice.upcoming"}).data == []


def test_a_schedule_that_lets_go_after_all_announces_the_renewal(
    client: StripeClient, browser: Browser, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    for ending in ("cancel", "release"):
        client.v1.subscription_schedules.update(schedule.id, {"end_behavior": ending})
    past_period(client, browser, subscription)
    assert len(client.v1.events.list({"type": "invoice.upcoming"}).data) == 1


@pytest.mark.parametrize("change", [{"cancel_at_period_end": True}, {"cancel_at": "min_period_end"}])
def test_a_scheduled_subscription_cannot_be_ended_directly(
    client: StripeClient, subscription: Subscription, schedule: SubscriptionSchedule, change: Any
) -> None:
    with pytest.raises(InvalidRequestError, match=f"managed by the subscription schedule `{schedule.id}`"):
        client.v1.subscriptions.update(subscription.id, change)


def test_released_it_can_be_ended_again(
    client: StripeClient, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    released = client.v1.subscription_schedules.release(schedule.id)
    assert (released.status, released.current_phase) == ("released", None)
    ending = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (ending.schedule, ending.cancel_at_period_end) == (None, True)
    with pytest.raises(InvalidRequestError, match="released"):
        client.v1.subscription_schedules.release(schedule.id)


def test_cancelling_a_schedule_ends_its_subscription(
    client: StripeClient, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.subscription_schedules.cancel(schedule.id)
    assert refused.value.param == "invoice_now"
    cancelled = client.v1.subscription_schedules.cancel(schedule.id, {"invoice_now": False, "prorate": False})
    assert cancelled.status == "canceled"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_cancelling_the_subscription_ends_its_schedule(
    client: StripeClient, subscription: Subscription, schedule: SubscriptionSchedule
) -> None:
    client.v1.subscriptions.cancel(subscription.id)
    assert client.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert len(client.v1.events.list({"type": "subscription_schedule.canceled"}).data) == 1


def test_a_change_of_the_current_phase_is_refused(client: StripeClient, schedule: SubscriptionSchedule) -> None:
    assert _refused(client, schedule, [coming(price(900))]) == "phases[0][items]"
    late = current(schedule) | {"start_date": schedule.phases[0].start_date + DAY}
    assert _refused(client, schedule, [late]) == "phases[0][start_date]"


def test_a_phase_in_the_middle_of_a_period_is_refused(client: StripeClient, schedule: SubscriptionSchedule) -> None:
    early = current(schedule) | {"end_date": schedule.phases[0].end_date - DAY}
    assert _refused(client, schedule, [early, coming(price(900))]) == "phases[0][end_date]"
    gap = coming(price(900)) | {"start_date": schedule.phases[0].end_date + DAY}
    assert _refused(client, schedule, [current(schedule), gap]) == "phases[1][start_date]"


def test_another_currency_is_refused(client: StripeClient, schedule: SubscriptionSchedule) -> None:
    phases = [current(schedule), coming(price(900, currency="usd"))]
    assert _refused(client, schedule, phases) == "phases[1][items][0][price_data][currency]"


def _refused(client: StripeClient, schedule: SubscriptionSchedule, phases: list[Any]) -> str | None:
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    param: str | None = refused.value.param
    return param
