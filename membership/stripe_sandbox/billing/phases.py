"""Phases of a subscription schedule: which one is next, and what a subscription becomes when it begins.

The phases of the sandbox begin and end with billing periods alone, so no part of a period is ever given back.
https://docs.stripe.com/billing/subscriptions/subscription-schedules
"""

from membership.stripe_sandbox.billing.subscription_items import put_price, rhythm_of
from membership.stripe_sandbox.billing.subscriptions import end
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change


def coming_phase(store: Store, subscription: Json, at: int) -> Json | None:
    """Returns the phase that begins at a moment, or None where the schedule has none or there is no schedule."""
    schedule = store.get(subscription["schedule"]) if subscription["schedule"] else None
    if schedule is None:
        return None
    return next((phase for phase in schedule["phases"] if phase["start_date"] == at), None)


def pass_phase(store: Store, subscription: Json, *, now: int) -> bool:
    """Moves a schedule on at the end of a billing period and tells whether it has ended its subscription."""
    before = store.must(subscription["schedule"])
    phase = coming_phase(store, subscription, now)
    if phase:
        after = before | {"current_phase": {"start_date": phase["start_date"], "end_date": phase["end_date"]}}
        store.put(after)
        enter_phase(store, subscription, phase)
        emit_change(store, "subscription_schedule.updated", before, after, now=now)
    elif before["phases"][-1]["end_date"] <= now:
        return _finish(store, before, subscription, now=now)
    return False


def enter_phase(store: Store, subscription: Json, phase: Json) -> None:
    """Gives a subscription what a phase says, in place; another interval begins a rhythm of its own."""
    item = subscription["items"]["data"][0]
    price = store.must(phase["items"][0]["price"])
    if rhythm_of(price) != rhythm_of(item["price"]):
        subscription["billing_cycle_anchor"] = phase["start_date"]
    put_price(item, price)
    item["quantity"] = phase["items"][0]["quantity"]
    subscription["metadata"] = subscription["metadata"] | phase["metadata"]


def _finish(store: Store, schedule: Json, subscription: Json, *, now: int) -> bool:
    if schedule["end_behavior"] == "release":
        release(store, schedule, now=now)
        subscription["schedule"] = None
        return False
    completed = schedule | {"completed_at": now, "current_phase": None, "status": "completed"}
    store.put(completed)
    emit(store, "subscription_schedule.completed", completed, now=now)
    end(store, subscription, now=now)
    return True


def release(store: Store, schedule: Json, *, now: int) -> Json:
    """Ends a schedule and leaves its subscription as it is. The caller unties the subscription."""
    schedule = schedule | {
        "current_phase": None,
        "released_at": now,
        "released_subscription": schedule["subscription"],
        "status": "released",
        "subscription": None,
    }
    store.put(schedule)
    emit(store, "subscription_schedule.released", schedule, now=now)
    return schedule
