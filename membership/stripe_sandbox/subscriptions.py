"""Subscriptions: begun by Checkout, renewed when the period ends, ended at once or at the period's end."""

import copy

import stripe
from stripe import params

from membership.stripe_sandbox.calendars import period_after
from membership.stripe_sandbox.calls import Call, changed_metadata
from membership.stripe_sandbox.errors import ApiError, invalid
from membership.stripe_sandbox.events import emit, emit_change
from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.invoices import charge_invoice, draw_up
from membership.stripe_sandbox.lists import list_object, page
from membership.stripe_sandbox.routes import CURSOR, route
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store

ENDED = ("canceled", "incomplete_expired")
ALIVE = ("active", "incomplete", "past_due", "paused", "trialing", "unpaid")


def begin(store: Store, customer: Json, method: Json, *, lines: list[Json], data: Json, now: int) -> Json:
    """Makes an active subscription whose first period starts now. `lines` are the session's line items."""
    object_id = new_id("subscription")
    items = [_item(line, object_id, now=now) for line in lines]
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
        currency=lines[0]["currency"],
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
    return _keep(store, subscription)


def _item(line: Json, subscription: str, *, now: int) -> Json:
    price = line["price"]
    recurring = price["recurring"]
    end = period_after(now, now, recurring["interval"], recurring["interval_count"])
    return whole(
        stripe.SubscriptionItem,
        id=new_id("subscription_item"),
        created=now,
        current_period_end=end,
        current_period_start=now,
        plan=_plan(price),
        price=price,
        quantity=line["quantity"],
        subscription=subscription,
        tax_rates=[],
    )


def _plan(price: Json) -> Json:
    return whole(
        stripe.Plan,
        id=price["id"],
        active=True,
        amount=price["unit_amount"],
        amount_decimal=price["unit_amount_decimal"],
        billing_scheme="per_unit",
        created=price["created"],
        currency=price["currency"],
        interval=price["recurring"]["interval"],
        interval_count=price["recurring"]["interval_count"],
        product=price["product"],
        usage_type="licensed",
    )


def period_end(subscription: Json) -> int:
    """Returns when the current period of a subscription ends (its items carry it, the subscription does not)."""
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def _keep(store: Store, subscription: Json) -> Json:
    ended = subscription["status"] in ENDED
    return store.put(subscription, due_at=None if ended else period_end(subscription))


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
        where["status"] = {None: ALIVE, "ended": ENDED}.get(status, (status,))
    return page(call, "subscription", "/v1/subscriptions", where)


def update_subscription(call: Call) -> Json:
    """Changes metadata, description, or whether the subscription ends with its period."""
    before = _alive(call)
    after = copy.deepcopy(before)
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    if "description" in call.params:
        after["description"] = call.params["description"] or None
    if "cancel_at_period_end" in call.params:
        _end_with_period(after, wanted=call.params["cancel_at_period_end"], now=call.now)
    after["cancellation_details"] |= call.get("cancellation_details", {})
    if after != before:
        _keep(call.store, after)
        emit_change(call.store, "customer.subscription.updated", before, after, now=call.now)
    return after


def _end_with_period(subscription: Json, *, wanted: bool, now: int) -> None:
    if wanted == subscription["cancel_at_period_end"]:
        return
    subscription["cancel_at_period_end"] = wanted
    subscription["cancel_at"] = period_end(subscription) if wanted else None
    subscription["canceled_at"] = now if wanted else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None


def cancel_subscription(call: Call) -> Json:
    """Ends a subscription at once; nothing is given back."""
    subscription = _alive(call)
    for name in ("invoice_now", "prorate"):
        if call.get(name):
            raise invalid(
                "This sandbox ends a subscription without a final invoice.", name, code="sandbox_not_modelled"
            )
    subscription["cancellation_details"] |= call.get("cancellation_details", {})
    return end(call.store, subscription, now=call.now)


def _alive(call: Call) -> Json:
    subscription = call.found("subscription")
    if subscription["status"] in ENDED:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise ApiError(400, message, code="resource_missing", param="id")
    return subscription


def end(store: Store, subscription: Json, *, now: int) -> Json:
    """Ends a subscription. Who asked for it earlier keeps the time of asking in `canceled_at`."""
    subscription["cancellation_details"]["reason"] = "cancellation_requested"
    subscription |= {
        "canceled_at": subscription["canceled_at"] or now,
        "ended_at": now,
        "status": "canceled",
    }
    _keep(store, subscription)
    emit(store, "customer.subscription.deleted", subscription, now=now)
    return subscription


def pass_period_end(store: Store, subscription: Json, *, now: int) -> None:
    """Renews a subscription whose period is over, or ends it if that was asked for."""
    if subscription["cancel_at_period_end"]:
        end(store, subscription, now=now)
        return
    before = copy.deepcopy(subscription)
    _next_period(subscription)
    since = before["items"]["data"][0]["current_period_start"]
    invoice = draw_up(store, subscription, reason="subscription_cycle", since=since, now=now)
    subscription["latest_invoice"] = invoice["id"]
    _keep(store, subscription)
    emit_change(store, "customer.subscription.updated", before, subscription, now=now)
    method = store.must(subscription["default_payment_method"])
    if charge_invoice(store, invoice, method, now=now) and subscription["status"] == "active":
        owing = subscription | {"status": "past_due"}
        _keep(store, owing)
        emit_change(store, "customer.subscription.updated", subscription, owing, now=now)


def _next_period(subscription: Json) -> None:
    anchor = subscription["billing_cycle_anchor"]
    for item in subscription["items"]["data"]:
        recurring = item["price"]["recurring"]
        start = item["current_period_end"]
        item["current_period_start"] = start
        item["current_period_end"] = period_after(anchor, start, recurring["interval"], recurring["interval_count"])


def set_latest_invoice(store: Store, subscription: Json, invoice: Json) -> Json:
    """Remembers the first invoice of a subscription."""
    return _keep(store, subscription | {"latest_invoice": invoice["id"]})


ROUTES = (
    route(
        "GET", "/v1/subscriptions", params.SubscriptionListParams,
        list_subscriptions, modelled="created customer status" + CURSOR,
    ),
    route(
        "GET", "/v1/subscriptions/{id}", params.SubscriptionRetrieveParams,
        retrieve_subscription,
    ),
    route(
        "POST", "/v1/subscriptions/{id}", params.SubscriptionUpdateParams,
        update_subscription,
        modelled="cancel_at_period_end cancellation_details.comment cancellation_details.feedback description metadata",
    ),
    route(
        "DELETE", "/v1/subscriptions/{id}", params.SubscriptionCancelParams,
        cancel_subscription,
        modelled="cancellation_details.comment cancellation_details.feedback invoice_now prorate",
    ),
)  # fmt: skip
