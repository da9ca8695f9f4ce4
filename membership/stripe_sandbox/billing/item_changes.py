"""Another price or quantity for a subscription: what is accepted, and whether it is charged today.

https://docs.stripe.com/billing/subscriptions/change-price, https://docs.stripe.com/billing/subscriptions/prorations
"""

from membership.stripe_sandbox.billing.subscription_items import put_price, rhythm_of
from membership.stripe_sandbox.money.balance import check_amount
from membership.stripe_sandbox.payments.prices import price_of
from membership.stripe_sandbox.payments.products import check_sold, price_from
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid, no_such, not_modelled
from membership.stripe_sandbox.protocol.shapes import Json


def check_proration(given: Json, param: str) -> None:
    """Raises ApiError unless proration was declined: Stripe's default would credit the rest of the period."""
    if given.get("proration_behavior") != "none":
        message = "This sandbox does not prorate: send proration_behavior=none (Stripe's default is create_prorations)."
        raise not_modelled(param, message)


def change_items(call: Call, subscription: Json, given: list[Json], at: str) -> bool:
    """Changes the item of a subscription in place and tells whether the full new period is to be charged today.

    It is when the interval changes or something free begins to cost; otherwise the next renewal has the new amount.
    Raises ApiError for a foreign item, an inactive or foreign price, another currency.
    """
    if len(given) != 1 or "id" not in given[0]:
        raise not_modelled(f"{at}[0][id]", "This sandbox bills one item a subscription: change it by its id.")
    item = subscription["items"]["data"][0]
    if given[0]["id"] != item["id"]:
        raise no_such("subscription_item", given[0]["id"], param=f"{at}[0][id]", status=400)
    old, was_free = item["price"], item["price"]["unit_amount"] * item["quantity"] == 0
    price, quantity = priced(call, given[0], subscription, f"{at}[0]")
    put_price(item, price)
    item["quantity"] = quantity
    begins_to_cost = was_free and price["unit_amount"] > 0
    return subscription["status"] != "trialing" and (rhythm_of(price) != rhythm_of(old) or begins_to_cost)


def priced(call: Call, given: Json, subscription: Json, at: str) -> tuple[Json, int]:
    """Returns the price and quantity that a request names, or the subscription's own where it names none."""
    item = subscription["items"]["data"][0]
    quantity: int = given.get("quantity", item["quantity"])
    if quantity < 1:
        raise invalid("Invalid positive integer", f"{at}[quantity]", code="parameter_invalid_integer")
    if "price" in given and "price_data" in given:
        raise invalid("You may only specify one of these parameters: price, price_data.", f"{at}[price_data]")
    price = item["price"]
    if "price_data" in given:
        price = price_from(call.store, given["price_data"], at=f"{at}[price_data]", now=call.now)
        check_sold(call.store, price, f"{at}[price_data][product]")
        _check(price, quantity, subscription, f"{at}[price_data][currency]")
    elif given.get("price", price["id"]) != price["id"]:
        price = named_price(call, given["price"], f"{at}[price]")
        _check(price, quantity, subscription, f"{at}[price]")
    elif quantity != item["quantity"]:
        _check(price, quantity, subscription, f"{at}[quantity]")
    return price, quantity


def named_price(call: Call, price_id: str, param: str) -> Json:
    """Returns the active recurring price of an id. Raises ApiError for any other."""
    price = price_of(call.store, price_id, at=param)
    if not price["recurring"]:
        message = "The price specified is `type=one_time` but this field only accepts prices with `type=recurring`."
        raise invalid(message, param)
    return price


def _check(price: Json, quantity: int, subscription: Json, param: str) -> None:
    if price["currency"] != subscription["currency"]:
        message = (
            f"The price specified only supports `{price['currency']}`. "
            f"This doesn't match the expected currency: `{subscription['currency']}`."
        )
        raise invalid(message, param)
    if price["unit_amount"]:
        check_amount(price["unit_amount"] * quantity, price["currency"], param)
