"""Payment intents: one intent, as many tries as it takes, at most one charge that succeeds."""

import stripe

from membership.stripe_sandbox.money.booking import record_charge
from membership.stripe_sandbox.money.disputes import open_dispute
from membership.stripe_sandbox.money.fraud_warnings import warn_of_fraud
from membership.stripe_sandbox.payments.bank_accounts import account_of, mandate_for
from membership.stripe_sandbox.payments.cards import CARDS, refusal_of
from membership.stripe_sandbox.payments.charges import card_details, debit_details, new_charge, outcome
from membership.stripe_sandbox.payments.declines import AUTHENTICATE, UNAUTHENTICATED, Decline
from membership.stripe_sandbox.protocol.ids import new_id, random_text
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit

CANCELLABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")


def open_intent(store: Store, amount: int, currency: str, *, data: Json, now: int) -> Json:
    """Makes a payment intent that waits for a payment method.

    `data` may hold any other field of an intent, as customer, description, metadata or receipt_email.
    """
    object_id = new_id("payment_intent")
    options = whole(stripe.PaymentIntent.PaymentMethodOptions.Card, request_three_d_secure="automatic")
    fields = {"payment_method_options": {"card": options}, "payment_method_types": ["card"]} | data
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
        status="requires_payment_method",
        **fields,
    )
    store.put(intent)
    emit(store, "payment_intent.created", intent, now=now)
    return intent


def confirm(
    store: Store, intent: Json, method: Json, *, later: bool = False, authenticated: bool = False, now: int
) -> Decline | None:
    """Charges the payment method once and says why not, or None where the money moved or is on its way.

    `later` is a charge without the payer present (a renewal), `authenticated` one that the payer's bank has agreed to
    by 3-D Secure. The intent is changed in place: a bank debit leaves it `processing`, a bank that wants to hear from
    the payer `requires_action`. One that has succeeded, or is processing, is never charged again.
    """
    if intent["status"] in ("succeeded", "processing"):
        return None
    if method["type"] == "sepa_debit":
        _begin_debit(store, intent, method, now=now)
        return None
    hidden = store.hidden(method["id"])
    decline = refusal_of(method["card"], hidden, later=later, authenticated=authenticated, now=now)
    if decline is AUTHENTICATE:
        _ask(store, intent, method, now=now)
        return decline
    details = card_details(method["card"], decline, authenticated=authenticated)
    charge = new_charge(intent, method, decline, details=details, now=now)
    if decline:
        fail(store, intent, charge, decline, now=now)
    else:
        succeed(store, intent, charge, now=now)
        _follow_up(store, charge, CARDS[hidden["number"]].then, now=now)
    return decline


def _begin_debit(store: Store, intent: Json, method: Json, *, now: int) -> None:
    """Sends a debit to the bank, whose answer falls due later (https://docs.stripe.com/payments/sepa-debit)."""
    mandate = mandate_for(store, method, now=now)
    details = debit_details(method["sepa_debit"], mandate["id"])
    charge = new_charge(intent, method, None, details=details, now=now)
    charge |= {"amount_captured": 0, "captured": False, "outcome": None, "paid": False, "status": "pending"}
    store.put(charge)
    _point_at(intent, charge, "processing")
    if method["type"] not in intent["payment_method_types"]:
        intent["payment_method_types"] = [*intent["payment_method_types"], method["type"]]
    settles_at = now + account_of(store, method).takes
    keep(store, intent, hidden=store.hidden(intent["id"]) | {"settles_at": settles_at})
    emit(store, "charge.pending", charge, now=now)
    emit(store, "payment_intent.processing", intent, now=now)


def settle_debit(store: Store, intent: Json, *, now: int) -> Decline | None:
    """Ends a processing debit as the test account says: paid, or failed for the reason that is returned."""
    charge = store.must(intent["latest_charge"])
    account = account_of(store, store.must(charge["payment_method"]))
    charge["outcome"] = outcome(account.failure)
    if account.failure:
        failed = {"failure_code": account.failure.code, "failure_message": account.failure.message, "status": "failed"}
        fail(store, intent, charge | failed, account.failure, now=now)
        return account.failure
    charge |= {"amount_captured": charge["amount"], "captured": True, "paid": True, "status": "succeeded"}
    succeed(store, intent, charge, now=now)
    _follow_up(store, charge, account.then, now=now)
    return None


def _ask(store: Store, intent: Json, method: Json, *, now: int) -> None:
    """Leaves the intent waiting for the payer (https://docs.stripe.com/payments/3d-secure/authentication-flow)."""
    intent |= {
        "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}},
        "payment_method": method["id"],
        "status": "requires_action",
    }
    keep(store, intent)
    emit(store, "payment_intent.requires_action", intent, now=now)


def refuse_authentication(store: Store, intent: Json, *, now: int) -> Decline:
    """Fails an intent whose payer did not pass 3-D Secure; it may be paid with another payment method."""
    _remember_error(store, intent, UNAUTHENTICATED, charge=None)
    emit(store, "payment_intent.payment_failed", intent, now=now)
    return UNAUTHENTICATED


def fail(store: Store, intent: Json, charge: Json, decline: Decline, *, now: int) -> None:
    """Stores a charge that failed; its intent waits for another payment method."""
    store.put(charge)
    intent |= {"latest_charge": charge["id"], "payment_method": charge["payment_method"]}
    _remember_error(store, intent, decline, charge=charge["id"])
    emit(store, "charge.failed", charge, now=now)
    emit(store, "payment_intent.payment_failed", intent, now=now)


def _remember_error(store: Store, intent: Json, decline: Decline, *, charge: str | None) -> None:
    method = store.must(intent["payment_method"])
    error = {"code": decline.code, "message": decline.message, "payment_method": method, "type": "card_error"}
    if charge:
        error["charge"] = charge
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    if method["type"] != "card" or decline is UNAUTHENTICATED:
        error["type"] = "invalid_request_error"
    intent |= {
        "last_payment_error": error,
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    keep(store, intent)


def succeed(store: Store, intent: Json, charge: Json, *, now: int) -> None:
    """Stores a charge that succeeded: the intent is paid, and the money is on the balance."""
    emit(store, "charge.succeeded", charge, now=now)
    _point_at(intent, charge, "succeeded")
    intent["amount_received"] = intent["amount"]
    keep(store, intent)
    emit(store, "payment_intent.succeeded", intent, now=now)
    charge["balance_transaction"] = record_charge(store, charge, now=now)["id"]
    store.put(charge)
    emit(store, "charge.updated", charge, previous={"balance_transaction": None}, now=now)


def _point_at(intent: Json, charge: Json, status: str) -> None:
    intent |= {
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": charge["payment_method"],
        "status": status,
    }


def _follow_up(store: Store, charge: Json, then: str, *, now: int) -> None:
    if then == "dispute":
        open_dispute(store, charge, reason="fraudulent", now=now)
    elif then == "warning":
        warn_of_fraud(store, charge, now=now)


def keep(store: Store, intent: Json, *, hidden: Json | None = None) -> Json:
    """Stores an intent; one that is processing falls due when the bank answers."""
    if intent["status"] != "processing":
        return store.put(intent, hidden=hidden)
    known = store.hidden(intent["id"]) if hidden is None else hidden
    return store.put(intent, due_at=known["settles_at"], hidden=hidden)


def cancel_intent(store: Store, intent: Json, *, reason: str | None, now: int) -> Json:
    """Marks an intent as canceled, if it still can be; nobody can pay it any more. `reason` is Stripe's word."""
    if intent["status"] in CANCELLABLE:
        intent |= {"canceled_at": now, "cancellation_reason": reason, "next_action": None, "status": "canceled"}
        keep(store, intent)
        emit(store, "payment_intent.canceled", intent, now=now)
    return intent
