"""Collecting invoices, and what becomes of customer and subscription when that succeeds, fails, or fails for good.

https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
"""

from membership.stripe_sandbox.billing.billing_settings import billing_settings
from membership.stripe_sandbox.billing.invoice_drafts import keep_invoice, subscription_id
from membership.stripe_sandbox.billing.invoices import charge_invoice, fail_invoice, finalize, mark_paid
from membership.stripe_sandbox.billing.retries import is_exhausted, next_try
from membership.stripe_sandbox.billing.subscriptions import ENDED, change_status, end
from membership.stripe_sandbox.payments.declines import Decline
from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit_change

BEHIND = ("incomplete", "past_due", "unpaid")


def invoice_due(store: Store, invoice: Json, *, now: int) -> None:
    """Finalises a draft whose hour is over and tries to collect it, or tries an open invoice once more."""
    if invoice["status"] == "draft":
        finalize(store, invoice, now=now)
    method = method_for(store, invoice)
    if method and invoice["attempted"] and store.hidden(invoice["id"]).get("refused") == method["id"]:
        _skip(store, invoice, now=now)
        return
    collect(store, invoice, method, now=now)


def method_for(store: Store, invoice: Json) -> Json | None:
    """Returns what an invoice is paid with: its own payment method, the subscription's, or the customer's default.

    One that was detached pays nothing (https://docs.stripe.com/api/payment_methods/detach).
    """
    subscription = store.must(subscription_id(invoice))
    customer = store.must(invoice["customer"])
    candidates = (
        invoice["default_payment_method"],
        subscription["default_payment_method"],
        (customer.get("invoice_settings") or {}).get("default_payment_method"),
    )
    found = (store.get(each, "payment_method") for each in candidates if each)
    return next((method for method in found if method and method["customer"]), None)


def collect(
    store: Store,
    invoice: Json,
    method: Json | None,
    *,
    automatic: bool = True,
    present: bool = False,
    now: int,
) -> Decline | None:
    """Tries to collect an open invoice, lets its subscription follow, and says why it failed.

    `automatic` is a try of the schedule, `present` one with the payer there.
    """
    decline = charge_invoice(store, invoice, method, automatic=automatic, present=present, now=now)
    _follow(store, invoice, failed=decline is not None, now=now)
    return decline


def charge_first(store: Store, invoice: Json, method: Json, *, now: int) -> Decline | None:
    """Tries the first invoice of a subscription, which is never tried again by itself; the payer is taken to be there.

    https://docs.stripe.com/billing/subscriptions/overview#payment-window
    """
    decline = charge_invoice(store, invoice, method, present=True, now=now)
    if decline:
        keep_invoice(store, invoice | {"next_payment_attempt": None})
    return decline


def settle_intent(store: Store, intent: Json, decline: Decline | None, *, now: int) -> Json | None:
    """Tells the invoice of a payment intent how the bank has answered later, after a debit or 3-D Secure.

    Returns the invoice, or None where the intent pays none.
    """
    payment = next(iter(store.every("invoice_payment", payment__payment_intent=intent["id"])), None)
    if payment is None:
        return None
    invoice = store.must(payment["invoice"])
    if invoice["status"] == "paid":
        return invoice
    if decline:
        before = dict(invoice)
        if invoice["next_payment_attempt"] is None and invoice["status"] == "open" and invoice["auto_advance"]:
            invoice["next_payment_attempt"] = next_try(max(invoice["attempt_count"], 1), now=now)
        fail_invoice(store, invoice, before, decline, None, now=now)
    elif intent["status"] == "succeeded":
        mark_paid(store, invoice, payment, now=now)
    _follow(store, invoice, failed=decline is not None, now=now)
    return invoice


def _skip(store: Store, invoice: Json, *, now: int) -> None:
    """Counts a try that is not made, because the bank has refused this card for good."""
    before = dict(invoice)
    invoice["attempt_count"] += 1
    invoice["next_payment_attempt"] = next_try(invoice["attempt_count"], now=now)
    invoice["auto_advance"] = invoice["next_payment_attempt"] is not None
    keep_invoice(store, invoice)
    emit_change(store, "invoice.updated", before, invoice, now=now)
    _follow(store, invoice, failed=True, now=now)


def _follow(store: Store, invoice: Json, *, failed: bool, now: int) -> None:
    if failed:
        set_delinquent(store, invoice["customer"], delinquent=True, now=now)
        _fall_behind(store, invoice, now=now)
    elif invoice["status"] == "paid":
        settled(store, invoice, now=now)


def set_delinquent(store: Store, customer_id: str, *, delinquent: bool, now: int) -> None:
    """Marks a customer by their latest invoice (https://docs.stripe.com/api/customers/object, `delinquent`)."""
    before = store.get(customer_id, "customer")
    if before is None or before.get("deleted") or before["delinquent"] == delinquent:
        return
    after = before | {"delinquent": delinquent}
    store.put(after)
    emit_change(store, "customer.updated", before, after, now=now)


def _fall_behind(store: Store, invoice: Json, *, now: int) -> None:
    subscription = store.must(subscription_id(invoice))
    if subscription["status"] in ENDED:
        return
    if subscription["status"] in ("active", "trialing") and subscription["latest_invoice"] == invoice["id"]:
        subscription = change_status(store, subscription, "past_due", now=now)
    if not is_exhausted(invoice["attempt_count"]) or subscription["status"] != "past_due":
        return
    ending = billing_settings(store).failed_renewal
    if ending == "canceled":
        end(store, subscription, reason="payment_failed", now=now)
    elif ending == "unpaid":
        change_status(store, subscription, "unpaid", now=now)


def settled(store: Store, invoice: Json, *, now: int) -> None:
    """Brings a subscription back whose latest invoice is paid, void or given up; an older one changes nothing."""
    set_delinquent(store, invoice["customer"], delinquent=False, now=now)
    subscription = store.must(subscription_id(invoice))
    if subscription["status"] in BEHIND and subscription["latest_invoice"] == invoice["id"]:
        change_status(store, subscription, "active", now=now)


def card_error(decline: Decline, of: str, *, stands: bool) -> ApiError:
    """Returns Stripe's answer to a call that was to collect; `of` is `invoice` or `subscription`."""
    if decline.code == "authentication_required":
        message = "This payment requires additional user action before it can be completed successfully."
        return ApiError(402, message, kind="card_error", code=f"{of}_payment_intent_requires_action", stands=stands)
    words = {"decline_code": decline.decline_code} if decline.decline_code else {}
    return ApiError(402, decline.message, kind="card_error", code=decline.code, stands=stands, **words)
