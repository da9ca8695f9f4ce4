"""Subscriptions begun by the API, with a payment method that the customer has already.

https://docs.stripe.com/api/subscriptions/create; one that cannot be paid is incomplete for 23 hours, and then expires.
"""

from stripe import params

from membership.stripe_sandbox.billing.collecting import card_error, charge_first
from membership.stripe_sandbox.billing.invoices import draw_up
from membership.stripe_sandbox.billing.item_changes import named_price
from membership.stripe_sandbox.billing.methods_on_file import own_method
from membership.stripe_sandbox.billing.subscriptions import begin, keep, set_latest_invoice
from membership.stripe_sandbox.money.balance import check_amount, checked_currency
from membership.stripe_sandbox.payments.customers import living_customer
from membership.stripe_sandbox.payments.products import check_sold, price_from
from membership.stripe_sandbox.protocol.calls import Call, metadata
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, missing_parameter, not_modelled
from membership.stripe_sandbox.protocol.routes import route
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.webhooks.events import emit


def create_subscription(call: Call) -> Json:
    """Makes a subscription and charges its first period: active, incomplete, or refused, as `payment_behavior` says."""
    behavior = call.get("payment_behavior", "allow_incomplete")
    if behavior not in ("allow_incomplete", "error_if_incomplete"):
        raise not_modelled("payment_behavior", "This sandbox knows allow_incomplete and error_if_incomplete.")
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = living_customer(call, "customer")
    method = _method(call, customer)
    data = {"description": call.get("description") or None, "metadata": metadata(call.params)}
    lines = [_line(call)]
    subscription = begin(call.store, customer, method, lines=lines, data=data, now=call.now)
    if "default_payment_method" not in call.params:
        subscription["default_payment_method"] = None
    invoice = draw_up(call.store, subscription, reason="subscription_create", since=call.now, now=call.now)
    decline = charge_first(call.store, invoice, method, now=call.now)
    if decline and behavior == "error_if_incomplete":
        raise card_error(decline, "subscription", stands=False)
    subscription = set_latest_invoice(call.store, subscription, invoice)
    if decline:
        subscription = keep(call.store, subscription | {"status": "incomplete"}, now=call.now)
    emit(call.store, "customer.subscription.created", subscription, now=call.now)
    return subscription


def _method(call: Call, customer: Json) -> Json:
    if "default_payment_method" in call.params:
        return own_method(call.store, call.params["default_payment_method"], customer["id"], "default_payment_method")
    usual = customer["invoice_settings"]["default_payment_method"]
    method = call.store.get(usual, "payment_method") if usual else None
    if method is None:
        message = "This customer has no attached payment source or default payment method."
        raise ApiError(400, message, code="resource_missing")
    return method


def _line(call: Call) -> Json:
    items = call.get("items", [])
    if not items:
        raise missing_parameter("items")
    if len(items) > 1:
        raise not_modelled("items[1]", "This sandbox bills one item a subscription.")
    quantity = items[0].get("quantity", 1)
    if quantity < 1:
        raise invalid("Invalid positive integer", "items[0][quantity]", code="parameter_invalid_integer")
    price = _price(call, items[0])
    if price["unit_amount"]:
        check_amount(price["unit_amount"] * quantity, price["currency"], "items[0]")
    return {"price": price, "quantity": quantity}


def _price(call: Call, item: Json) -> Json:
    if "price_data" in item:
        price = price_from(call.store, item["price_data"], at="items[0][price_data]", now=call.now)
        return check_sold(call.store, price, "items[0][price_data][product]")
    if "price" not in item:
        raise missing_parameter("items[0][price]")
    price = named_price(call, item["price"], "items[0][price]")
    checked_currency(price["currency"], "items[0][price]")
    return price


ROUTES = (
    route(
        "POST", "/v1/subscriptions", params.SubscriptionCreateParams, create_subscription,
        modelled="customer default_payment_method description items.price items.price_data.currency "
        "items.price_data.product items.price_data.recurring items.price_data.unit_amount items.quantity metadata "
        "payment_behavior",
    ),
)  # fmt: skip
