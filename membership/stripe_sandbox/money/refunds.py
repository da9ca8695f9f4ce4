"""Refunds: part or all of a charge, never more than is left of it; some wait, and some come back."""

import stripe
from stripe import params

from membership.stripe_sandbox.money.balance import amount_text
from membership.stripe_sandbox.money.balance_settings import DAY
from membership.stripe_sandbox.money.booking import record_refund, record_refund_failure
from membership.stripe_sandbox.money.disputes import is_disputed
from membership.stripe_sandbox.money.fraud_warnings import settle_warnings
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import invalid, missing_parameter, no_such
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change

# https://docs.stripe.com/testing#refunds
SUCCEEDS_LATER = "4000000000007726"
FAILS_LATER = "4000000000005126"
LATER = DAY


def create_refund(call: Call) -> Json:
    """Refunds a charge, named by itself or by its payment intent; without an amount, all that is left."""
    charge = _charge(call)
    left = charge["amount"] - charge["amount_refunded"]
    amount = call.get("amount", left)
    if is_disputed(call.store, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(message, "charge", code="charge_disputed")
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
    waits = _number(store, charge["payment_method"]) == SUCCEEDS_LATER
    made = whole(
        stripe.Refund,
        id=new_id("refund"),
        amount=amount,
        charge=charge["id"],
        created=now,
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details=_destination(charge),
        metadata=metadata,
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        pending_reason="processing" if waits else None,
        reason=reason,
        status="pending" if waits else "succeeded",
    )
    made["balance_transaction"] = record_refund(store, made, charge, now=now)["id"]
    _keep(store, made)
    emit(store, "refund.created", made, now=now)
    _mark(store, charge, made, now=now)
    return made


def _number(store: Store, method: str) -> str | None:
    number: str | None = store.hidden(method).get("number")
    return number


def _keep(store: Store, made: Json) -> Json:
    """Stores a refund; one that will succeed or fail later falls due then."""
    fails = made["status"] == "succeeded" and _number(store, made["payment_method"]) == FAILS_LATER
    return store.put(made, due_at=made["created"] + LATER if fails or made["status"] == "pending" else None)


def _destination(charge: Json) -> Json:
    kind = charge["payment_method_details"]["type"]
    if kind != "card":
        return {"type": kind}
    reference = whole(
        stripe.Refund.DestinationDetails.Card,
        reference_status="pending",
        reference_type="acquirer_reference_number",
        type="refund",
    )
    return {"card": reference, "type": "card"}


def _mark(store: Store, charge: Json, made: Json, *, now: int) -> None:
    refunded = charge["amount_refunded"] + made["amount"]
    after = charge | {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}
    if made["reason"] == "fraudulent":
        after["fraud_details"] = {"user_report": "fraudulent"}
    store.put(after)
    emit_change(store, "charge.refunded", charge, after, now=now)
    if after["refunded"]:
        settle_warnings(store, after, now=now)


def pass_due(store: Store, made: Json, *, now: int) -> None:
    """Brings a refund to its end: one that waited succeeds, unless its charge was disputed; the other kind fails."""
    charge = store.must(made["charge"])
    if made["status"] == "succeeded":
        _fail(store, made, charge, "expired_or_canceled_card", now=now)
    elif is_disputed(store, charge):
        _fail(store, made, charge, "charge_for_pending_refund_disputed", now=now)
    else:
        _change(store, made, {"pending_reason": None, "status": "succeeded"}, now=now)


def _fail(store: Store, made: Json, charge: Json, reason: str, *, now: int) -> None:
    back = record_refund_failure(store, made, charge, now=now)
    outcome = {"failure_balance_transaction": back["id"], "failure_reason": reason, "status": "failed"}
    store.put(charge | {"amount_refunded": charge["amount_refunded"] - made["amount"], "refunded": False})
    failed = _change(store, made, outcome | {"pending_reason": None}, now=now)
    emit(store, "refund.failed", failed, now=now)


def _change(store: Store, before: Json, changes: Json, *, now: int) -> Json:
    """Changes a refund; both names of its event are sent, the charge's for cards and the refund's for all."""
    after = _keep(store, before | changes)
    emit_change(store, "charge.refund.updated", before, after, now=now)
    emit_change(store, "refund.updated", before, after, now=now)
    return after


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


def update_refund(call: Call) -> Json:
    """Changes metadata, the one thing of a refund that can be changed."""
    before = call.found("refund")
    if "metadata" not in call.params:
        return before
    changes = {"metadata": changed_metadata(before, call.params)}
    if changes["metadata"] == before["metadata"]:
        return before
    return _change(call.store, before, changes, now=call.now)


ROUTES = (
    route(
        "POST", "/v1/refunds", params.RefundCreateParams, create_refund,
        modelled="amount charge metadata payment_intent reason",
    ),
    route(
        "GET", "/v1/refunds", params.RefundListParams,
        listing("refund", "/v1/refunds", {"charge": "charge", "payment_intent": "payment_intent"}),
        modelled="charge created payment_intent" + CURSOR,
    ),
    route("GET", "/v1/refunds/{id}", params.RefundRetrieveParams, retrieving("refund")),
    route(
        "POST", "/v1/refunds/{id}", params.RefundUpdateParams, update_refund, modelled="metadata",
    ),
)  # fmt: skip
