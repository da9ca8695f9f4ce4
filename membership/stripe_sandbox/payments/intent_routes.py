"""Payment intents by the API: looked at, described, given up. Paying them is in `payments`."""

from stripe import params

from membership.stripe_sandbox.payments.payments import CANCELLABLE, cancel_intent, keep
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata
from membership.stripe_sandbox.protocol.errors import ApiError, not_modelled
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json


def update_intent(call: Call) -> Json:
    """Changes metadata or description. Stripe sends no event for it."""
    intent = call.found("payment_intent")
    if "metadata" in call.params:
        intent["metadata"] = changed_metadata(intent, call.params)
    if "description" in call.params:
        intent["description"] = call.params["description"] or None
    return keep(call.store, intent)


def cancel(call: Call) -> Json:
    """Gives an intent up. One of an open Checkout session can only be given up with the session, as at Stripe.

    https://docs.stripe.com/api/payment_intents/cancel
    """
    intent = call.found("payment_intent")
    if intent["status"] not in CANCELLABLE:
        raise ApiError(
            400,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    session = call.store.get(call.store.hidden(intent["id"]).get("session", ""))
    if session and session["status"] == "open":
        message = "You cannot cancel this PaymentIntent because it was created by Checkout. Expire the session instead."
        raise ApiError(400, message, code="payment_intent_unexpected_state", payment_intent=intent)
    if call.store.every("invoice_payment", payment__payment_intent=intent["id"]):
        raise not_modelled("id", "This sandbox gives the intent of an invoice up with the invoice alone: void it.")
    reason = call.get("cancellation_reason") or None
    return cancel_intent(call.store, intent, reason=reason, now=call.now)


ROUTES = (
    route(
        "GET", "/v1/payment_intents", params.PaymentIntentListParams,
        listing("payment_intent", "/v1/payment_intents", {"customer": "customer"}),
        modelled="created customer" + CURSOR,
    ),
    route(
        "GET", "/v1/payment_intents/{id}", params.PaymentIntentRetrieveParams,
        retrieving("payment_intent"),
    ),
    route(
        "POST", "/v1/payment_intents/{id}", params.PaymentIntentUpdateParams, update_intent,
        modelled="description metadata",
    ),
    route(
        "POST", "/v1/payment_intents/{id}/cancel", params.PaymentIntentCancelParams, cancel,
        modelled="cancellation_reason",
    ),
)  # fmt: skip
