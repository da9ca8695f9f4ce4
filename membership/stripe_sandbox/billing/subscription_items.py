"""Subscription items: what a subscription bills, for which period, and at which price."""

import stripe
from stripe import params

from membership.stripe_sandbox.billing.calendars import period_after
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.inner_lists import page_of
from membership.stripe_sandbox.protocol.routes import CURSOR, route
from membership.stripe_sandbox.protocol.shapes import Json, whole


def new_item(price: Json, quantity: int, subscription: str, *, now: int) -> Json:
    """Returns the item of a subscription whose first period begins now."""
    item = whole(
        stripe.SubscriptionItem,
        id=new_id("subscription_item"),
        created=now,
        current_period_end=now,
        current_period_start=now,
        plan={},
        price=price,
        quantity=quantity,
        subscription=subscription,
        tax_rates=[],
    )
    put_price(item, price)
    begin_period(item, anchor=now, now=now)
    return item


def put_price(item: Json, price: Json) -> None:
    """Bills an item at another price from its next period on."""
    item["price"] = price
    item["plan"] = plan_of(price)


def plan_of(price: Json) -> Json:
    """Returns a recurring price in the older shape that items still carry."""
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


def begin_period(item: Json, *, anchor: int, now: int) -> None:
    """Begins a period of an item; `anchor` is when the first one of its rhythm began."""
    recurring = item["price"]["recurring"]
    item["current_period_start"] = now
    item["current_period_end"] = period_after(anchor, now, recurring["interval"], recurring["interval_count"])


def rhythm_of(price: Json) -> tuple[str, int]:
    """Returns how often a price is charged, as interval and count."""
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def list_items(call: Call) -> Json:
    """Answers the items of a subscription."""
    subscription = call.named("subscription", "subscription")
    return page_of(call, subscription["items"]["data"], "/v1/subscription_items")


ROUTES = (
    route(
        "GET", "/v1/subscription_items", params.SubscriptionItemListParams, list_items,
        modelled="subscription" + CURSOR,
    ),
)  # fmt: skip
