"""Charges: one try to take money, as Stripe describes it, whether the bank agreed, refused or has yet to answer."""

import stripe
from stripe import params

from membership.stripe_sandbox.payments.declines import BLOCKED, Decline
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.webhooks.events import put_change

STATEMENT = "STRIPE SANDBOX"
SAME_IN_BOTH = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "regulated_status")


def new_charge(intent: Json, method: Json, decline: Decline | None, *, details: Json, now: int) -> Json:
    """Returns the charge of an intent that the bank has agreed to, or declined. Nothing is stored.

    `details` is the charge's `payment_method_details`.
    """
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
        outcome=outcome(decline),
        paid=decline is None,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=details,
        radar_options={},
        receipt_email=intent["receipt_email"],
        refunded=False,
        statement_descriptor_suffix=suffix,
        status="failed" if decline else "succeeded",
    )


def outcome(decline: Decline | None) -> Json:
    """Returns what became of a try, in the words for the seller (https://docs.stripe.com/declines#declined-payments)."""
    if decline is BLOCKED:
        return whole(
            stripe.Charge.Outcome,
            network_status="not_sent_to_network",
            reason="highest_risk_level",
            risk_level="highest",
            risk_score=92,
            rule="block_if_high_risk",
            seller_message=decline.seller_message,
            type="blocked",
        )
    return whole(
        stripe.Charge.Outcome,
        network_decline_code="05" if decline else None,
        network_status="declined_by_network" if decline else "approved_by_network",
        reason=(decline.decline_code or decline.code) if decline else None,
        risk_level="normal",
        risk_score=20,
        seller_message=decline.seller_message if decline else "Payment complete.",
        type="issuer_declined" if decline else "authorized",
    )


def card_details(card: Json, decline: Decline | None, *, authenticated: bool) -> Json:
    """Returns the `payment_method_details` of a card; `authenticated` by 3-D Secure or not."""
    wrong_cvc = decline is not None and decline.code == "incorrect_cvc"
    checks = card["checks"] | {"cvc_check": "fail" if wrong_cvc else "pass"}
    details = whole(
        stripe.Charge.PaymentMethodDetails.Card,
        checks=checks,
        network=card["brand"],
        three_d_secure=_three_d_secure() if authenticated else None,
        wallet=card["wallet"],
        **{name: card[name] for name in SAME_IN_BOTH},
    )
    return {"card": details, "type": "card"}


def _three_d_secure() -> Json:
    return whole(
        stripe.Charge.PaymentMethodDetails.Card.ThreeDSecure,
        authentication_flow="challenge",
        electronic_commerce_indicator="05",
        result="authenticated",
        version="2.2.0",
    )


def debit_details(account: Json, mandate: str) -> Json:
    """Returns the `payment_method_details` of a SEPA debit."""
    same = ("bank_code", "branch_code", "country", "fingerprint", "last4")
    known = {name: account[name] for name in same}
    details = whole(stripe.Charge.PaymentMethodDetails.SepaDebit, mandate=mandate, **known)
    return {"sepa_debit": details, "type": "sepa_debit"}


def update_charge(call: Call) -> Json:
    """Changes the metadata or the description."""
    before = call.found("charge")
    after = dict(before)
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    if "description" in call.params:
        after["description"] = call.params["description"] or None
    return put_change(call.store, "charge.updated", before, after, now=call.now)


ROUTES = (
    route(
        "GET", "/v1/charges", params.ChargeListParams,
        listing("charge", "/v1/charges", {"customer": "customer", "payment_intent": "payment_intent"}),
        modelled="created customer payment_intent" + CURSOR,
    ),
    route("GET", "/v1/charges/{id}", params.ChargeRetrieveParams, retrieving("charge")),
    route(
        "POST", "/v1/charges/{id}", params.ChargeUpdateParams, update_charge,
        modelled="description metadata",
    ),
)  # fmt: skip
