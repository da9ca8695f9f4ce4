"""Refunds: part or all of a charge, never more than is left of it."""

import stripe
from stripe import params

from membership.stripe_sandbox.balance import amount_text, record_refund
from membership.stripe_sandbox.calls import Call, metadata
from membership.stripe_sandbox.errors import invalid, missing_parameter, no_such
from membership.stripe_sandbox.events import emit, emit_change
from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.routes import route
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store


def create_refund(call: Call) -> Json:
    """Refunds a charge, named by itself or by its payment intent; without an amount, all that is left."""
    charge = _charge(call)
    left = charge["amount"] - charge["amount_refunded"]
    amount = call.get("amount", left)
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise invalid(message, "charge", code="charge_already_refunded")
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", code="parameter_invalid_integer")
    if amount > left:
        asked, rest = (amount_text(each, charge["currency"]) for each in (amount, left))
        message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})"
        raise invalid(message, "amount", code="amount_too_large")
    return refund(
        call.store,
        charge,
        amount,
        reason=call.get("reason"),
        metadata=metadata(call.params),
        now=call.now,
    )


def refund(store: Store, charge: Json, amount: int, *, reason: str | None, metadata: Json, now: int) -> Json:
    """Gives back `amount` minor units of a succeeded charge that has so much left."""
    reference = whole(
        stripe.Refund.DestinationDetails.Card,
        reference_status="pending",
        reference_type="acquirer_reference_number",
        type="refund",
    )
    made = whole(
        stripe.Refund,
        id=new_id("refund"),
        amount=amount,
        charge=charge["id"],
        created=now,
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details={"card": reference, "type": "card"},
        metadata=metadata,
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        reason=reason,
        status="succeeded",
    )
    made["balance_transaction"] = record_refund(store, made, charge, now=now)["id"]
    store.put(made)
    emit(store, "refund.created", made, now=now)
    _mark(store, charge, amount, now=now)
    return made


def _mark(store: Store, charge: Json, amount: int, *, now: int) -> None:
    refunded = charge["amount_refunded"] + amount
    after = charge | {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}
    store.put(after)
    emit_change(store, "charge.refunded", charge, after, now=now)


def _charge(call: Call) -> Json:
    if "payment_intent" in call.params:
        intent = call.named("payment_intent", "payment_intent")
        charge = call.store.get(intent["latest_charge"] or "", "charge")
        if charge is None or charge["status"] != "succeeded":
            message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            raise invalid(message, "payment_intent")
        if call.get("charge", charge["id"]) != charge["id"]:
            raise no_such("charge", call.params["charge"], param="charge", status=400)
        return charge
    if "charge" not in call.params:
        raise missing_parameter("payment_intent")
    charge = call.named("charge", "charge")
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} did not succeed and cannot be refunded.", "charge")
    return charge


def retrieve_refund(call: Call) -> Json:
    """Answers one refund."""
    return call.found("refund")


ROUTES = (
    route(
        "POST", "/v1/refunds", params.RefundCreateParams, create_refund,
        modelled="amount charge metadata payment_intent reason",
    ),
    route("GET", "/v1/refunds/{id}", params.RefundRetrieveParams, retrieve_refund),
)  # fmt: skip
