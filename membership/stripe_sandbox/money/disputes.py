"""Disputes: a payer's bank takes a payment back, and the newsroom answers with evidence, or does not.

Money leaves the balance when a dispute opens and comes back when it is won (https://docs.stripe.com/disputes).
"""

import copy

import stripe
from stripe import params

from membership.stripe_sandbox.money.balance_settings import DAY, midnight_before
from membership.stripe_sandbox.money.booking import record_dispute, record_dispute_reversal
from membership.stripe_sandbox.money.fraud_warnings import settle_warnings
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata
from membership.stripe_sandbox.protocol.errors import ApiError, invalid
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change

DAYS_TO_ANSWER = 14
# How long a bank thinks about evidence; Stripe says 60 to 75 days.
DAYS_TO_DECIDE = 60
# https://docs.stripe.com/testing#evidence: in uncategorized_text, these decide at once.
WINNING, LOSING = "winning_evidence", "losing_evidence"
OPEN = ("needs_response", "under_review")
# https://docs.stripe.com/disputes/categories, each with Visa's own code where it has one.
REASONS = {
    "credit_not_processed": "13.6",
    "duplicate": "12.6.1",
    "fraudulent": "10.4",
    "general": None,
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": None,
}
TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
)
LONGEST_TEXT = 20_000
LONGEST_EVIDENCE = 150_000


def open_dispute(store: Store, charge: Json, reason: str = "fraudulent", *, now: int) -> Json:
    """Opens a dispute over what is left of a succeeded charge, marks the charge, and takes the money.

    Whoever calls makes sure that something is left and that no dispute stands (`is_disputed`).
    """
    dispute = whole(
        stripe.Dispute,
        id=new_id("dispute"),
        amount=charge["amount"] - charge["amount_refunded"],
        charge=charge["id"],
        created=now,
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=_first_evidence(charge),
        evidence_details=whole(
            stripe.Dispute.EvidenceDetails,
            due_by=midnight_before(now) + (DAYS_TO_ANSWER + 1) * DAY - 1,
            enhanced_eligibility={},
            has_evidence=False,
            past_due=False,
            submission_count=0,
            submission_method="not_submitted",
        ),
        is_charge_refundable=False,
        network_reason_code=REASONS[reason],
        payment_intent=charge["payment_intent"],
        payment_method_details=_method_details(charge, reason),
        reason=reason,
        status="needs_response",
    )
    charge["disputed"] = True
    store.put(charge)
    _keep(store, dispute)
    emit(store, "charge.dispute.created", dispute, now=now)
    _withdraw(store, dispute, charge, now=now)
    settle_warnings(store, charge, now=now)
    return dispute


def _first_evidence(charge: Json) -> Json:
    payer = charge["billing_details"]
    return whole(
        stripe.Dispute.Evidence,
        customer_email_address=payer["email"],
        customer_name=payer["name"],
        enhanced_evidence={},
    )


def _method_details(charge: Json, reason: str) -> Json | None:
    card = charge["payment_method_details"].get("card")
    if not card:
        return None
    known = {"brand": card["brand"], "network": card["network"], "network_reason_code": REASONS[reason]}
    details = whole(stripe.Dispute.PaymentMethodDetails.Card, case_type="chargeback", **known)
    return {"card": details, "type": "card"}


def _withdraw(store: Store, dispute: Json, charge: Json, *, now: int) -> None:
    before = copy.deepcopy(dispute)
    dispute["balance_transactions"] = [record_dispute(store, dispute, charge, now=now)]
    _keep(store, dispute)
    emit_change(store, "charge.dispute.funds_withdrawn", before, dispute, now=now)


def _keep(store: Store, dispute: Json) -> Json:
    """Stores a dispute; an open one falls due when the answer does, or when the bank decides."""
    due_at = None
    if dispute["status"] == "needs_response":
        due_at = dispute["evidence_details"]["due_by"]
    elif dispute["status"] == "under_review":
        due_at = store.hidden(dispute["id"])["decides_at"]
    return store.put(dispute, due_at=due_at)


def is_disputed(store: Store, charge: Json) -> bool:
    """Tells whether a charge's money is held by a dispute, or lost to one; a won one lets go of it."""
    return any(each["status"] != "won" for each in store.every("dispute", charge=charge["id"]))


def update_dispute(call: Call) -> Json:
    """Keeps metadata and evidence; evidence goes to the bank at once unless `submit` is false."""
    before = call.found("dispute")
    after = copy.deepcopy(before)
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    evidence = call.get("evidence", {})
    is_sent = call.get("submit", bool(evidence))
    if evidence or is_sent:
        _check_unanswered(before)
        _add_evidence(after, evidence)
    if is_sent:
        _submit(after)
        call.store.put(after, hidden={"decides_at": call.now if _word(after) else call.now + DAYS_TO_DECIDE * DAY})
    if after != before:
        _keep(call.store, after)
        emit_change(call.store, "charge.dispute.updated", before, after, now=call.now)
    return after


def _check_unanswered(dispute: Json) -> None:
    if dispute["status"] not in OPEN:
        raise ApiError(400, "This dispute is already closed.")
    if dispute["status"] == "under_review":
        raise ApiError(400, "Evidence for this dispute has already been submitted; it can be submitted only once.")


def _add_evidence(dispute: Json, given: Json) -> None:
    for name, text in given.items():
        if len(text) > LONGEST_TEXT:
            raise invalid(f"Evidence can have up to {LONGEST_TEXT:,} characters a field.", f"evidence[{name}]")
    dispute["evidence"] |= {name: text or None for name, text in given.items()}
    texts = [dispute["evidence"][name] or "" for name in TEXTS]
    if sum(map(len, texts)) > LONGEST_EVIDENCE:
        raise invalid(f"Evidence can have up to {LONGEST_EVIDENCE:,} characters altogether.", "evidence")
    if given:
        dispute["evidence_details"]["has_evidence"] = any(texts)


def _submit(dispute: Json) -> None:
    details = dispute["evidence_details"]
    details |= {"submission_count": details["submission_count"] + 1, "submission_method": "manual"}
    dispute["status"] = "under_review"


def _word(dispute: Json) -> str | None:
    text = (dispute["evidence"]["uncategorized_text"] or "").strip()
    return text if text in (WINNING, LOSING) else None


def close_dispute(call: Call) -> Json:
    """Accepts an open dispute as lost."""
    dispute = call.found("dispute")
    if dispute["status"] not in OPEN:
        raise ApiError(400, "This dispute is already closed.")
    return _close(call.store, dispute, "lost", now=call.now)


def pass_due(store: Store, dispute: Json, *, now: int) -> None:
    """Decides a dispute: without an answer in time it is lost, else as the evidence says (any other words lose)."""
    if dispute["status"] == "needs_response":
        dispute["evidence_details"] |= {"past_due": True}
    won = dispute["status"] == "under_review" and _word(dispute) == WINNING
    _close(store, dispute, "won" if won else "lost", now=now)


def _close(store: Store, dispute: Json, status: str, *, now: int) -> Json:
    before = {"status": dispute["status"]}
    dispute["status"] = status
    _keep(store, dispute)
    emit(store, "charge.dispute.closed", dispute, previous=before, now=now)
    if status == "won":
        _reinstate(store, dispute, now=now)
    return dispute


def _reinstate(store: Store, dispute: Json, *, now: int) -> None:
    before = copy.deepcopy(dispute)
    dispute["balance_transactions"].append(record_dispute_reversal(store, dispute, now=now))
    _keep(store, dispute)
    emit_change(store, "charge.dispute.funds_reinstated", before, dispute, now=now)


ROUTES = (
    route(
        "GET", "/v1/disputes", params.DisputeListParams,
        listing("dispute", "/v1/disputes", {"charge": "charge", "payment_intent": "payment_intent"}),
        modelled="charge created payment_intent" + CURSOR,
    ),
    route("GET", "/v1/disputes/{id}", params.DisputeRetrieveParams, retrieving("dispute")),
    route(
        "POST", "/v1/disputes/{id}", params.DisputeUpdateParams, update_dispute,
        modelled=" ".join(["metadata", "submit", *(f"evidence.{name}" for name in TEXTS)]),
    ),
    route("POST", "/v1/disputes/{id}/close", params.DisputeCloseParams, close_dispute),
)  # fmt: skip
