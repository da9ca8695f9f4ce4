"""Subscription schedules, as far as a change at the end of the billing period needs them.

https://docs.stripe.com/billing/subscriptions/subscription-schedules; a schedule is made from a subscription and then
given its phases: the current one as it stands, and those that come.
"""

import stripe
from stripe import params

from membership.stripe_sandbox.billing.calendars import period_after
from membership.stripe_sandbox.billing.item_changes import priced
from membership.stripe_sandbox.billing.phases import release
from membership.stripe_sandbox.billing.subscription_items import rhythm_of
from membership.stripe_sandbox.billing.subscriptions import ENDED, end, keep, period_end, period_start
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, missing_parameter, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change, put_change

MOST_PHASES = 10
PHASE_ITEM = (
    "phases.items.price phases.items.price_data.currency phases.items.price_data.product "
    "phases.items.price_data.recurring phases.items.price_data.unit_amount phases.items.quantity"
)


def create_schedule(call: Call) -> Json:
    """Puts a subscription under a schedule whose one phase is the current billing period."""
    if "from_subscription" not in call.params:
        raise missing_parameter("from_subscription")
    subscription = call.named("subscription", "from_subscription")
    if subscription["schedule"]:
        message = (
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription['schedule']}`."
        )
        raise ApiError(400, message, param="from_subscription")
    if subscription["status"] in ENDED or subscription["cancel_at"]:
        message = "You cannot migrate a subscription that has ended or is set to be canceled."
        raise ApiError(400, message, param="from_subscription")
    schedule = _new_schedule(subscription, now=call.now)
    call.store.put(schedule)
    emit(call.store, "subscription_schedule.created", schedule, now=call.now)
    _tie(call.store, subscription, schedule["id"], now=call.now)
    return schedule


def _new_schedule(subscription: Json, *, now: int) -> Json:
    item = subscription["items"]["data"][0]
    start, ends = period_start(subscription), period_end(subscription)
    phase = _phase(item["price"], item["quantity"], start=start, ends=ends, given={"proration_behavior": "none"})
    settings = stripe.SubscriptionSchedule.DefaultSettings
    return whole(
        stripe.SubscriptionSchedule,
        id=new_id("subscription_schedule"),
        billing_mode=subscription["billing_mode"],
        created=now,
        current_phase={"end_date": ends, "start_date": start},
        customer=subscription["customer"],
        default_settings=whole(
            settings,
            automatic_tax=whole(settings.AutomaticTax, enabled=False),
            billing_cycle_anchor="automatic",
            collection_method="charge_automatically",
            default_payment_method=subscription["default_payment_method"],
            description=subscription["description"],
            invoice_settings=whole(settings.InvoiceSettings, issuer={"type": "self"}),
        ),
        end_behavior="release",
        phases=[phase],
        status="active",
        subscription=subscription["id"],
    )


def _phase(price: Json, quantity: int, *, start: int, ends: int, given: Json) -> Json:
    item = whole(
        stripe.SubscriptionSchedule.Phase.Item, plan=price["id"], price=price["id"], quantity=quantity, tax_rates=[]
    )
    return whole(
        stripe.SubscriptionSchedule.Phase,
        currency=price["currency"],
        default_tax_rates=[],
        end_date=ends,
        items=[item],
        metadata=metadata(given),
        proration_behavior=given.get("proration_behavior", "create_prorations"),
        start_date=start,
    )


def _tie(store: Store, subscription: Json, schedule: str | None, *, now: int) -> None:
    after = subscription | {"schedule": schedule}
    keep(store, after, now=now)
    emit_change(store, "customer.subscription.updated", subscription, after, now=now)


def update_schedule(call: Call) -> Json:
    """Changes phases, metadata, or what happens after the last phase."""
    before = _running(call)
    after = dict(before)
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    if "end_behavior" in call.params:
        if call.params["end_behavior"] not in ("cancel", "release"):
            raise invalid("Invalid end_behavior: must be one of cancel, release", "end_behavior")
        after["end_behavior"] = call.params["end_behavior"]
    if "phases" in call.params:
        after["phases"] = _phases(call, before)
        first = after["phases"][0]
        after["current_phase"] = {"end_date": first["end_date"], "start_date": first["start_date"]}
    put_change(call.store, "subscription_schedule.updated", before, after, now=call.now)
    # Another ending may be due another announcement.
    keep(call.store, call.store.must(after["subscription"]), now=call.now)
    return after


def _running(call: Call) -> Json:
    schedule = call.found("subscription_schedule")
    if schedule["status"] != "active":
        message = f"You cannot change a subscription schedule that is {schedule['status']}."
        raise ApiError(400, message, param="schedule")
    return schedule


def _phases(call: Call, schedule: Json) -> list[Json]:
    given = call.params["phases"]
    if not 0 < len(given) <= MOST_PHASES:
        raise invalid(f"A subscription schedule has 1 to {MOST_PHASES} current and coming phases.", "phases")
    current = schedule["current_phase"]
    if given[0].get("start_date", current["start_date"]) != current["start_date"]:
        message = "You can not modify the start date of the current phase: send it as it stands, then what comes."
        raise invalid(message, "phases[0][start_date]")
    subscription = call.store.must(schedule["subscription"])
    phases: list[Json] = []
    start = current["start_date"]
    for index, each in enumerate(given):
        phases.append(_coming(call, each, subscription, start=start, at=f"phases[{index}]"))
        start = phases[-1]["end_date"]
    _check_current(phases[0], subscription)
    return phases


def _coming(call: Call, given: Json, subscription: Json, *, start: int, at: str) -> Json:
    if len(given["items"]) != 1:
        raise not_modelled(f"{at}[items]", "This sandbox bills one item a subscription.")
    if given.get("start_date", start) != start:
        raise invalid("A phase must start when the one before it ends.", f"{at}[start_date]")
    price, quantity = priced(call, given["items"][0], subscription, f"{at}[items][0]")
    ends = _end_of(given, price, start=start, anchor=subscription["billing_cycle_anchor"], at=at)
    return _phase(price, quantity, start=start, ends=ends, given=given)


def _end_of(given: Json, price: Json, *, start: int, anchor: int, at: str) -> int:
    """Returns when a phase ends: after its duration, at its end date, or with its first billing period."""
    interval, count = rhythm_of(price)
    duration = given.get("duration", {"interval": interval})
    wanted = given.get("end_date")
    if wanted is None:
        wanted = period_after(start, start, duration["interval"], duration.get("interval_count", 1))
    for begins in (anchor, start):
        ends = start
        while ends < wanted:
            ends = period_after(begins, ends, interval, count)
        if ends == wanted and ends > start:
            return ends
    raise not_modelled(f"{at}[end_date]", "Phases of this sandbox end with a billing period: it does not prorate.")


def _check_current(phase: Json, subscription: Json) -> None:
    item = subscription["items"]["data"][0]
    if (phase["items"][0]["price"], phase["items"][0]["quantity"]) != (item["price"]["id"], item["quantity"]):
        message = "This sandbox does not change the current phase: send its price and quantity as they stand."
        raise not_modelled("phases[0][items]", message)


def release_schedule(call: Call) -> Json:
    """Unties a schedule from its subscription, which goes on as it is."""
    schedule = _running(call)
    released = release(call.store, schedule, now=call.now)
    _tie(call.store, call.store.must(schedule["subscription"]), None, now=call.now)
    return released


def cancel_schedule(call: Call) -> Json:
    """Ends a schedule and its subscription at once. Both flags must be false: their default would prorate."""
    for name in ("invoice_now", "prorate"):
        if call.get(name, True):
            raise not_modelled(name, f"This sandbox ends a subscription without a final invoice: send {name}=false.")
    schedule = _running(call)
    end(call.store, call.store.must(schedule["subscription"]), now=call.now)
    return call.store.must(schedule["id"])


ROUTES = (
    route(
        "POST", "/v1/subscription_schedules", params.SubscriptionScheduleCreateParams, create_schedule,
        modelled="from_subscription",
    ),
    route(
        "GET", "/v1/subscription_schedules", params.SubscriptionScheduleListParams,
        listing("subscription_schedule", "/v1/subscription_schedules", {"customer": "customer"}),
        modelled="created customer" + CURSOR,
    ),
    route(
        "GET", "/v1/subscription_schedules/{id}", params.SubscriptionScheduleRetrieveParams,
        retrieving("subscription_schedule"),
    ),
    route(
        "POST", "/v1/subscription_schedules/{id}", params.SubscriptionScheduleUpdateParams, update_schedule,
        modelled="end_behavior metadata phases.duration phases.end_date phases.metadata phases.proration_behavior "
        "phases.start_date " + PHASE_ITEM,
    ),
    route(
        "POST", "/v1/subscription_schedules/{id}/release", params.SubscriptionScheduleReleaseParams,
        release_schedule,
    ),
    route(
        "POST", "/v1/subscription_schedules/{id}/cancel", params.SubscriptionScheduleCancelParams, cancel_schedule,
        modelled="invoice_now prorate",
    ),
)  # fmt: skip
