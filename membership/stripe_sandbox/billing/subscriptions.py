"""Subscriptions: begun by Checkout or the API, looked at, ended. What time does to them is in `renewals`."""

import stripe
from stripe import params

from membership.stripe_sandbox.billing.billing_settings import billing_settings
from membership.stripe_sandbox.billing.invoices import stop_collecting
from membership.stripe_sandbox.billing.subscription_items import new_item
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import ApiError, no_such, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import list_object, page
from membership.stripe_sandbox.protocol.routes import CURSOR, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change, is_heard

DAY = 86_400
# https://docs.stripe.com/api/events/types#event_types-customer.subscription.trial_will_end
TRIAL_NOTICE = 3 * DAY
# https://docs.stripe.com/billing/subscriptions/overview#payment-window
PAYMENT_WINDOW = 23 * 3600
ENDED = ("canceled", "incomplete_expired")
ALIVE = ("active", "incomplete", "past_due", "paused", "trialing", "unpaid")


def begin(store: Store, customer: Json, method: Json, *, lines: list[Json], data: Json, now: int) -> Json:
    """Makes an active subscription whose first period starts now. `lines` are the session's line items."""
    object_id = new_id("subscription")
    items = [new_item(line["price"], line["quantity"], object_id, now=now) for line in lines]
    subscription = whole(
        stripe.Subscription,
        id=object_id,
        automatic_tax=whole(stripe.Subscription.AutomaticTax, enabled=False),
        billing_cycle_anchor=now,
        billing_mode={
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": None,
        },
        billing_schedules=[],
        cancel_at_period_end=False,
        cancellation_details=whole(stripe.Subscription.CancellationDetails),
        collection_method="charge_automatically",
        created=now,
        currency=items[0]["price"]["currency"],
        customer=customer["id"],
        default_payment_method=method["id"],
        default_tax_rates=[],
        description=data.get("description"),
        invoice_settings=whole(stripe.Subscription.InvoiceSettings, issuer={"type": "self"}),
        items=list_object(items, f"/v1/subscription_items?subscription={object_id}"),
        metadata=data.get("metadata", {}),
        payment_settings=whole(stripe.Subscription.PaymentSettings, save_default_payment_method="off"),
        start_date=now,
        status="active",
        trial_settings={"end_behavior": {"missing_payment_method": "create_invoice"}},
    )
    return keep(store, subscription, now=now)


def period_start(subscription: Json) -> int:
    """Returns when the current period of a subscription began."""
    return max(int(item["current_period_start"]) for item in subscription["items"]["data"])


def period_end(subscription: Json) -> int:
    """Returns when the current period of a subscription ends (its items carry it, the subscription does not)."""
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def keep(store: Store, subscription: Json, *, now: int) -> Json:
    """Stores a subscription; it falls due at the next moment at which something is to be told or done."""
    return store.put(subscription, due_at=_next_moment(store, subscription, now))


def _next_moment(store: Store, subscription: Json, now: int) -> int | None:
    if subscription["status"] in ENDED:
        return None
    if subscription["status"] == "incomplete":
        return int(subscription["created"]) + PAYMENT_WINDOW
    ends = period_end(subscription)
    paused = subscription["pause_collection"]
    done = [ends, subscription["cancel_at"], paused and paused["resumes_at"]]
    told = {
        "customer.subscription.trial_will_end": trial_notice_at(subscription),
        "invoice.upcoming": upcoming_at(store, subscription),
    }
    moments: list[int] = [at for at in done if at]
    heard = [at for name, at in told.items() if at and at > now and is_heard(store, name, now=at)]
    return min(moments + heard)


def upcoming_at(store: Store, subscription: Json) -> int | None:
    """Returns when the next renewal is announced, or None where there is none to announce."""
    renews_at = period_end(subscription)
    if not is_renewed(store, subscription) or subscription["pause_collection"] or subscription["status"] == "unpaid":
        return None
    return renews_at - billing_settings(store).upcoming_days * DAY


def is_renewed(store: Store, subscription: Json) -> bool:
    """Tells whether another period will follow, by the subscription's own word and by its schedule's.

    https://docs.stripe.com/billing/subscriptions/subscription-schedules#completing-a-schedule
    """
    schedule = store.get(subscription["schedule"]) if subscription["schedule"] else None
    endings = [subscription["cancel_at"]]
    if schedule and schedule["end_behavior"] == "cancel":
        endings.append(schedule["phases"][-1]["end_date"])
    return all(ends_at is None or ends_at > period_end(subscription) for ends_at in endings)


def trial_notice_at(subscription: Json) -> int | None:
    """Returns when the end of a trial is announced, or None without a trial."""
    return int(subscription["trial_end"]) - TRIAL_NOTICE if subscription["status"] == "trialing" else None


def retrieve_subscription(call: Call) -> Json:
    """Answers one subscription, also an ended one."""
    return call.found("subscription")


def list_subscriptions(call: Call) -> Json:
    """Answers subscriptions; without `status` those that have not ended, as Stripe does."""
    where: dict[str, tuple[str, ...]] = {}
    if "customer" in call.params:
        where["customer"] = (call.params["customer"],)
    status = call.get("status")
    if status != "all":
        where["status"] = {None: ALIVE, "ended": ENDED}.get(status, (str(status),))
    if call.params.keys() & {"collection_method", "current_period_end", "current_period_start", "price"}:
        where["id"] = tuple(each["id"] for each in call.store.every("subscription") if _fits(call, each))
    return page(call, "subscription", "/v1/subscriptions", where)


def _fits(call: Call, subscription: Json) -> bool:
    item = subscription["items"]["data"][0]
    given = {"collection_method": subscription["collection_method"], "price": item["price"]["id"]}
    if any(call.get(name, value) != value for name, value in given.items()):
        return False
    return all(_lies(item[name], call.get(name, {})) for name in ("current_period_start", "current_period_end"))


def _lies(moment: int, wanted: int | dict[str, int]) -> bool:
    if isinstance(wanted, int):
        return moment == wanted
    signs = {"gt": moment.__gt__, "gte": moment.__ge__, "lt": moment.__lt__, "lte": moment.__le__}
    return all(signs[name](bound) for name, bound in wanted.items())


def cancel_subscription(call: Call) -> Json:
    """Ends a subscription at once; nothing is given back.

    One that has ended is gone for this route: Stripe answers as for an id that names nothing
    (https://docs.stripe.com/error-codes#resource-missing).
    """
    subscription = call.found("subscription")
    if subscription["status"] in ENDED:
        raise no_such("subscription", subscription["id"])
    for name in ("invoice_now", "prorate"):
        if call.get(name):
            raise not_modelled(name, "This sandbox ends a subscription without a final invoice.")
    subscription["cancellation_details"] |= given_details(call)
    return end(call.store, subscription, now=call.now)


def given_details(call: Call) -> Json:
    """Returns why somebody leaves, as a request has it; an empty text unsets one."""
    return {name: value or None for name, value in call.get("cancellation_details", {}).items()}


def alive(call: Call) -> Json:
    """Returns the subscription that the path names. Raises ApiError for one that has ended."""
    subscription = call.found("subscription")
    if subscription["status"] in ENDED:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise ApiError(400, message, code="resource_missing", param="id")
    return subscription


def end(store: Store, subscription: Json, *, reason: str = "cancellation_requested", now: int) -> Json:
    """Ends a subscription and its schedule. Who asked for it earlier keeps the time of asking in `canceled_at`."""
    subscription["cancellation_details"]["reason"] = reason
    subscription |= {
        "canceled_at": subscription["canceled_at"] or now,
        "ended_at": now,
        "status": "canceled",
    }
    schedule = store.must(subscription["schedule"]) if subscription["schedule"] else None
    if schedule and schedule["status"] == "active":
        store.put(schedule | {"canceled_at": now, "current_phase": None, "status": "canceled"})
        emit(store, "subscription_schedule.canceled", store.must(schedule["id"]), now=now)
    stop_collecting(store, subscription, now=now)
    keep(store, subscription, now=now)
    emit(store, "customer.subscription.deleted", subscription, now=now)
    return subscription


def change_status(store: Store, subscription: Json, status: str, *, now: int) -> Json:
    """Gives a subscription another status, with its event."""
    after = subscription | {"status": status}
    keep(store, after, now=now)
    emit_change(store, "customer.subscription.updated", subscription, after, now=now)
    return after


def set_latest_invoice(store: Store, subscription: Json, invoice: Json) -> Json:
    """Remembers the first invoice of a subscription."""
    return keep(store, subscription | {"latest_invoice": invoice["id"]}, now=invoice["created"])


ROUTES = (
    route(
        "GET", "/v1/subscriptions", params.SubscriptionListParams,
        list_subscriptions,
        modelled="collection_method created current_period_end current_period_start customer price status" + CURSOR,
    ),
    route(
        "GET", "/v1/subscriptions/{id}", params.SubscriptionRetrieveParams,
        retrieve_subscription,
    ),
    route(
        "DELETE", "/v1/subscriptions/{id}", params.SubscriptionCancelParams,
        cancel_subscription,
        modelled="cancellation_details.comment cancellation_details.feedback invoice_now prorate",
    ),
)  # fmt: skip
