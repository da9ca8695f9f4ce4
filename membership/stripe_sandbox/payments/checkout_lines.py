"""The line items of a new Checkout session: each a price that stands already, or one made from `price_data`."""

import stripe

from membership.stripe_sandbox.payments.prices import price_of
from membership.stripe_sandbox.payments.products import check_sold, price_from
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid, missing_parameter, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.shapes import Json, whole

MOST_ITEMS = 100


def line_items(call: Call, mode: str) -> list[Json]:
    """Returns what a new session sells. Raises ApiError for a line without a fitting price or quantity."""
    given = call.get("line_items", [])
    if not given:
        raise missing_parameter("line_items")
    if len(given) > MOST_ITEMS:
        raise invalid(f"You can have up to {MOST_ITEMS} line items.", "line_items")
    lines = [_line(call, line, f"line_items[{index}]", mode) for index, line in enumerate(given)]
    if len({line["currency"] for line in lines}) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    if mode == "subscription" and len(lines) > 1:
        raise not_modelled("line_items", "This sandbox bills one item a subscription.")
    return lines


def _line(call: Call, line: Json, at: str, mode: str) -> Json:
    price, param = _price(call, line, at)
    quantity = line.get("quantity")
    if quantity is None:
        raise missing_parameter(f"{at}[quantity]")
    if quantity < 1:
        raise invalid("Invalid positive integer", f"{at}[quantity]", code="parameter_invalid_integer")
    if mode == "payment" and price["recurring"]:
        message = "You specified `payment` mode but passed a recurring price."
        raise invalid(message, param)
    if mode == "subscription" and not price["recurring"]:
        message = "This sandbox bills recurring prices alone in `subscription` mode."
        raise not_modelled(param, message)
    amount = price["unit_amount"] * quantity
    return whole(
        stripe.LineItem,
        id=new_id("item"),
        amount_discount=0,
        amount_subtotal=amount,
        amount_tax=0,
        amount_total=amount,
        currency=price["currency"],
        description=call.store.must(price["product"])["name"],
        price=price,
        quantity=quantity,
    )


def _price(call: Call, line: Json, at: str) -> tuple[Json, str]:
    """Returns the price of a line, and which parameter a refusal of its rhythm names."""
    if "price" in line and "price_data" in line:
        raise invalid("You may only specify one of these parameters: price, price_data.", f"{at}[price_data]")
    if "price" in line:
        return price_of(call.store, line["price"], at=f"{at}[price]"), f"{at}[price]"
    if "price_data" not in line:
        raise missing_parameter(f"{at}[price_data]")
    price = price_from(call.store, line["price_data"], at=f"{at}[price_data]", now=call.now)
    check_sold(call.store, price, f"{at}[price_data][product]")
    return price, f"{at}[price_data][recurring]"
