"""Payment intents and charges: one intent, as many tries as it takes, at most one charge that succeeds."""

import stripe
from stripe import params

from membership.stripe_sandbox.balance import record_charge
from membership.stripe_sandbox.cards import CARDS, Decline
from membership.stripe_sandbox.events import emit
from membership.stripe_sandbox.ids import new_id, random_text
from membership.stripe_sandbox.routes import retrieving, route
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store

STATEMENT = "STRIPE SANDBOX"


def open_intent(store: Store, amount: int, currency: str, *, data: Json, now: int) -> Json:
    """Makes a payment intent that waits for a payment method.

    `data` may hold customer, description, metadata, receipt_email and statement_descriptor_suffix.
    """
    object_id = new_id("payment_intent")
    options = whole(stripe.PaymentIntent.PaymentMethodOptions.Card, request_three_d_secure="automatic")
    intent = whole(
        stripe.PaymentIntent,
        id=object_id,
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        capture_method="automatic_async",
        client_secret=f"{object_id}_secret_{random_text(25)}",
        confirmation_method="automatic",
        created=now,
        currency=currency,
        payment_method_options={"card": options},
        payment_method_types=["card"],
        status="requires_payment_method",
        **data,
    )
    store.put(intent)
    emit(store, "payment_intent.created", intent, now=now)
    return intent


def confirm(store: Store, intent: Json, method: Json, *, later: bool = False, now: int) -> Decline | None:
    """Charges the payment method once and says why not, or None where the money moved.

    `later` is a charge without the payer present (a renewal). An intent that has succeeded is never charged again.
    """
    if intent["status"] == "succeeded":
        return None
    card = CARDS[store.hidden(method["id"])["number"]]
    decline = card.later if later else card.at_checkout
    charge = _charge(intent, method, decline, now=now)
    if decline:
        _fail(store, intent, charge, decline, now=now)
    else:
        _succeed(store, intent, charge, now=now)
    return decline


def _charge(intent: Json, method: Json, decline: Decline | None, *, now: int) -> Json:
    suffix = intent["statement_descriptor_suffix"]
    return whole(
        stripe.Charge,
        id=new_id("charge"),
        amount=intent["amount"],
        amount_captured=0 if decline else intent["amount"],
        amount_refunded=0,
        billing_details=method["billing_details"],
        calculated_statement_descriptor=f"{STATEMENT}* {suffix}"[:22] if suffix else STATEMENT,
        captured=decline is None,
        created=now,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=decline.code if decline else None,
        failure_message=decline.message if decline else None,
        fraud_details={},
        metadata=intent["metadata"],
        outcome=_outcome(decline),
        paid=decline is None,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details={"card": _card_details(method["card"], decline), "type": "card"},
        radar_options={},
        receipt_email=intent["receipt_email"],
        refunded=False,
        statement_descriptor_suffix=suffix,
        status="failed" if decline else "succeeded",
    )


def _outcome(decline: Decline | None) -> Json:
    return whole(
        stripe.Charge.Outcome,
        network_status="declined_by_network" if decline else "approved_by_network",
        reason=decline.decline_code if decline else None,
        risk_level="normal",
        risk_score=20,
        seller_message="The bank did not accept the card." if decline else "Payment complete.",
        type="issuer_declined" if decline else "authorized",
    )


def _card_details(card: Json, decline: Decline | None) -> Json:
    same = (
        "brand",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
    )
    wrong_cvc = decline is not None and decline.code == "incorrect_cvc"
    checks = card["checks"] | {"cvc_check": "fail" if wrong_cvc else "pass"}
    known = {name: card[name] for name in same}
    return whole(stripe.Charge.PaymentMethodDetails.Card, checks=checks, network=card["brand"], **known)


def _fail(store: Store, intent: Json, charge: Json, decline: Decline, *, now: int) -> None:
    store.put(charge)
    method = store.must(charge["payment_method"])
    intent["latest_charge"] = charge["id"]
    intent["last_payment_error"] = {
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }
    store.put(intent)
    emit(store, "charge.failed", charge, now=now)
    emit(store, "payment_intent.payment_failed", intent, now=now)


def _succeed(store: Store, intent: Json, charge: Json, *, now: int) -> None:
    emit(store, "charge.succeeded", charge, now=now)
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "payment_method": charge["payment_method"],
        "status": "succeeded",
    }
    store.put(intent)
    emit(store, "payment_intent.succeeded", intent, now=now)
    charge["balance_transaction"] = record_charge(store, charge, now=now)["id"]
    store.put(charge)
    emit(store, "charge.updated", charge, previous={"balance_transaction": None}, now=now)


ROUTES = (
    route("GET", "/v1/charges/{id}", params.ChargeRetrieveParams, retrieving("charge")),
    route(
        "GET", "/v1/payment_intents/{id}", params.PaymentIntentRetrieveParams,
        retrieving("payment_intent"),
    ),
)  # fmt: skip
