"""Payment methods of customers: attached, listed, changed, taken away, and kept current by the card's bank."""

from stripe import params

from membership.stripe_sandbox.payments.cards import CARDS, TOKENS, attach, has_expired, keep
from membership.stripe_sandbox.payments.customers import living_customer
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, missing_parameter
from membership.stripe_sandbox.protocol.lists import page
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change

YEARS_ADDED = 4
CONSUMED = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, "
    "and may not be used again."
)


def attach_method(call: Call) -> Json:
    """Attaches a payment method, or a new one under a test token such as `pm_card_visa`, to a customer.

    A card that is always declined cannot be attached (https://docs.stripe.com/testing#declined-payments), and neither
    can one that was used without a customer, or detached.
    """
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = living_customer(call, "customer")
    method = _new_one(call, customer) if call.id in TOKENS else call.found("payment_method")
    if call.id not in TOKENS and method["customer"] is None:
        raise invalid(CONSUMED, "payment_method")
    if method["customer"] not in (None, customer["id"]):
        raise invalid("The payment method you provided has already been attached to a customer.", "payment_method")
    return attach_to(call.store, method, customer["id"], now=call.now)


def _new_one(call: Call, customer: Json) -> Json:
    number = TOKENS[call.id]
    refusal = CARDS[number].at_checkout
    if refusal and not CARDS[number].attaches:
        raise ApiError(402, refusal.message, kind="card_error", code=refusal.code, decline_code=refusal.decline_code)
    return attach(call.store, number, (12, 2090), email=customer["email"], name=customer["name"], now=call.now)


def attach_to(store: Store, method: Json, customer: str, *, now: int) -> Json:
    """Gives a payment method to a customer; one that has it already keeps it without a further event."""
    if method["customer"] != customer:
        method["customer"] = customer
        _kept(store, method)
        emit(store, "payment_method.attached", method, now=now)
    return method


def _kept(store: Store, method: Json) -> Json:
    return keep(store, method) if method["type"] == "card" else store.put(method)


def detach_method(call: Call) -> Json:
    """Takes a payment method from its customer; it can be used for nothing afterwards."""
    method = call.found("payment_method")
    if method["customer"] is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise invalid(message, "payment_method")
    return detach(call.store, method, now=call.now)


def detach(store: Store, method: Json, *, now: int) -> Json:
    """Takes a payment method from its customer."""
    after = method | {"customer": None}
    _kept(store, after)
    emit_change(store, "payment_method.detached", method, after, now=now)
    return after


def update_method(call: Call) -> Json:
    """Changes metadata, who pays, or a card's expiry."""
    before = call.found("payment_method")
    if before["customer"] is None:
        message = "You must save this PaymentMethod to a customer before you can update it."
        raise ApiError(400, message, code="payment_method_unexpected_state")
    after = dict(before)
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    if "billing_details" in call.params:
        after["billing_details"] = before["billing_details"] | _given(call.params["billing_details"])
    if "card" in call.params:
        after["card"] = _card(call, before)
    if after != before:
        _kept(call.store, after)
        emit_change(call.store, "payment_method.updated", before, after, now=call.now)
    return after


def _given(details: Json) -> Json:
    return {name: value or None for name, value in details.items()}


def _card(call: Call, method: Json) -> Json:
    if method["type"] != "card":
        raise invalid("You can only update a payment method of type card with `card`.", "card")
    card: Json = method["card"] | call.params["card"]
    if not 1 <= card["exp_month"] <= 12:
        raise invalid("Your card's expiration month is invalid.", "card[exp_month]", code="invalid_expiry_month")
    if has_expired(card["exp_month"], card["exp_year"], now=call.now):
        raise invalid("Your card's expiration year is invalid.", "card[exp_year]", code="invalid_expiry_year")
    return card


def list_methods(call: Call) -> Json:
    """Answers the payment methods of a customer; without one, none, as only attached ones are listed."""
    if "customer" not in call.params:
        raise missing_parameter("customer")
    living_customer(call, "customer")
    return _page(call, call.params["customer"], "/v1/payment_methods")


def list_methods_of_customer(call: Call) -> Json:
    """Answers the payment methods of the customer in the path."""
    customer = call.found("customer")
    return _page(call, customer["id"], f"/v1/customers/{customer['id']}/payment_methods")


def _page(call: Call, customer: str, url: str) -> Json:
    where = {"customer": (customer,)}
    if "type" in call.params:
        where["type"] = (call.params["type"],)
    return page(call, "payment_method", url, where)


def update_by_bank(store: Store, method: Json, *, now: int) -> None:
    """Gives a card that has expired the expiry of its successor, as the bank reported it.

    https://docs.stripe.com/payments/save-and-reuse-cards-only#automatic-card-updates
    """
    card = method["card"] | {"exp_year": method["card"]["exp_year"] + YEARS_ADDED}
    after = method | {"card": card}
    keep(store, after)
    if method["customer"]:
        emit_change(store, "payment_method.automatically_updated", method, after, now=now)


ROUTES = (
    route(
        "GET", "/v1/payment_methods", params.PaymentMethodListParams, list_methods,
        modelled="customer type" + CURSOR,
    ),
    route(
        "GET", "/v1/payment_methods/{id}", params.PaymentMethodRetrieveParams,
        retrieving("payment_method"),
    ),
    route(
        "POST", "/v1/payment_methods/{id}", params.PaymentMethodUpdateParams, update_method,
        modelled="billing_details.email billing_details.name billing_details.phone card.exp_month card.exp_year "
        "metadata",
    ),
    route(
        "POST", "/v1/payment_methods/{id}/attach", params.PaymentMethodAttachParams, attach_method,
        modelled="customer",
    ),
    route(
        "POST", "/v1/payment_methods/{id}/detach", params.PaymentMethodDetachParams, detach_method,
    ),
    route(
        "GET", "/v1/customers/{id}/payment_methods", params.CustomerPaymentMethodListParams,
        list_methods_of_customer, modelled="type" + CURSOR,
    ),
)  # fmt: skip
