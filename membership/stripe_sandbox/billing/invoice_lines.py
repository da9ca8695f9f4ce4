"""The lines of an invoice: what is billed, for which period, and at which price."""

import stripe

from membership.stripe_sandbox.money.balance import amount_text
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.shapes import Json, whole


def line_of(subscription: Json, item: Json, invoice: str) -> Json:
    """Returns the line of a subscription's item for its current period; a trial costs nothing."""
    price = item["price"]
    amount = amount_of(subscription, item)
    details = whole(
        stripe.InvoiceLineItem.Parent.SubscriptionItemDetails,
        proration=False,
        subscription=subscription["id"],
        subscription_item=item["id"],
    )
    unit_amount = "0" if subscription["status"] == "trialing" else price["unit_amount_decimal"]
    return whole(
        stripe.InvoiceLineItem,
        id=new_id("line_item"),
        amount=amount,
        currency=price["currency"],
        description=_description(subscription, item),
        discount_amounts=[],
        discountable=True,
        invoice=invoice,
        metadata=dict(subscription["metadata"]),
        parent=whole(
            stripe.InvoiceLineItem.Parent,
            subscription_item_details=details,
            type="subscription_item_details",
        ),
        period={"start": item["current_period_start"], "end": item["current_period_end"]},
        pretax_credit_amounts=[],
        pricing={
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": unit_amount,
        },
        quantity=item["quantity"],
        quantity_decimal=str(item["quantity"]),
        subscription=subscription["id"],
        subtotal=amount,
        taxes=[],
    )


def amount_of(subscription: Json, item: Json) -> int:
    """Returns what an item costs in its current period, in minor units."""
    if subscription["status"] == "trialing":
        return 0
    return int(item["price"]["unit_amount"] * item["quantity"])


def _description(subscription: Json, item: Json) -> str:
    price = item["price"]
    if subscription["status"] == "trialing":
        return "Trial period"
    recurring = price["recurring"]
    count = recurring["interval_count"]
    rhythm = recurring["interval"] if count == 1 else f"{count} {recurring['interval']}s"
    return f"{item['quantity']} × {amount_text(price['unit_amount'], price['currency'])} / {rhythm}"
