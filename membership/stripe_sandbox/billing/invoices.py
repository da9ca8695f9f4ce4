"""Invoices of subscriptions: finalised, charged, voided; each emits what Stripe emits, in its order."""

import stripe

from membership.stripe_sandbox.billing.invoice_drafts import compose, keep_invoice
from membership.stripe_sandbox.billing.retries import is_final, next_try
from membership.stripe_sandbox.payments.declines import Decline
from membership.stripe_sandbox.payments.payments import cancel_intent, confirm, open_intent
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change

DESCRIPTIONS = {"subscription_create": "Subscription creation"}
NO_METHOD = Decline("missing", "missing", "There is no payment method on file for this customer.")


def draw_up(store: Store, subscription: Json, *, reason: str, since: int, now: int) -> Json:
    """Makes the open invoice of what somebody has just asked for: it is finalised at once."""
    invoice = compose(store, subscription, new_id("invoice"), reason=reason, since=since, now=now)
    emit(store, "invoice.created", invoice, now=now)
    return finalize(store, invoice, now=now)


def finalize(store: Store, invoice: Json, *, now: int) -> Json:
    """Gives a draft its number and opens it."""
    customer = store.must(invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    store.put(customer | {"next_invoice_sequence": sequence + 1})
    invoice |= {
        "automatically_finalizes_at": None,
        "effective_at": now,
        "ending_balance": 0,
        "hosted_invoice_url": f"{store.base_url}/i/{invoice['id']}",
        "number": f"{customer['invoice_prefix']}-{sequence:04}",
        "status": "open",
    }
    invoice["status_transitions"]["finalized_at"] = now
    keep_invoice(store, invoice)
    emit(store, "invoice.finalized", invoice, now=now)
    return invoice


def charge_invoice(
    store: Store,
    invoice: Json,
    method: Json | None,
    *,
    intent: Json | None = None,
    automatic: bool = True,
    present: bool = False,
    now: int,
) -> Decline | None:
    """Tries to collect an open invoice and says why that failed, or None where it is paid or on its way.

    `intent` is a payment intent that has paid it already; otherwise the invoice's own is confirmed once more. A try
    that is not automatic leaves the schedule of retries alone, unless it is the first. `present` says that the payer
    is there to answer the bank.
    """
    if invoice["amount_due"] == 0:
        invoice |= {"attempted": True, "next_payment_attempt": None}
        mark_paid(store, invoice, None, now=now)
        return None
    payment = _payment(store, invoice, intent, now=now)
    later = intent is None and not present
    intent = intent or store.must(payment["payment"]["payment_intent"])
    decline = confirm(store, intent, method, later=later, now=now) if method else NO_METHOD
    before = dict(invoice)
    invoice["attempted"] = True
    if automatic or invoice["attempt_count"] == 0:
        invoice["attempt_count"] += 1
        invoice["next_payment_attempt"] = next_try(invoice["attempt_count"], now=now) if decline else None
    if decline:
        fail_invoice(store, invoice, before, decline, method, now=now)
    elif intent["status"] == "succeeded":
        mark_paid(store, invoice, payment, now=now)
    else:
        keep_invoice(store, invoice)
        emit_change(store, "invoice.updated", before, invoice, now=now)
    return decline


def payment_of(store: Store, invoice: Json) -> Json | None:
    """Returns the payment that an invoice has had since it was first tried."""
    return next(iter(store.every("invoice_payment", invoice=invoice["id"])), None)


def is_processing(store: Store, invoice: Json) -> bool:
    """Tells whether a bank has still to answer about a debit that pays an invoice."""
    payment = payment_of(store, invoice)
    return payment is not None and store.must(payment["payment"]["payment_intent"])["status"] == "processing"


def _payment(store: Store, invoice: Json, intent: Json | None, *, now: int) -> Json:
    kept = payment_of(store, invoice) if invoice["attempted"] else None
    if kept:
        return kept
    if intent is None:
        description = DESCRIPTIONS.get(invoice["billing_reason"], "Subscription update")
        data = {"customer": invoice["customer"], "description": description}
        intent = open_intent(store, invoice["amount_due"], invoice["currency"], data=data, now=now)
    paid_by = whole(stripe.InvoicePayment.Payment, payment_intent=intent["id"], type="payment_intent")
    del paid_by["charge"], paid_by["payment_record"]
    payment = whole(
        stripe.InvoicePayment,
        id=new_id("invoice_payment"),
        amount_requested=invoice["amount_due"],
        created=now,
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment=paid_by,
        status="open",
        status_transitions=whole(stripe.InvoicePayment.StatusTransitions),
    )
    return store.put(payment)


def fail_invoice(store: Store, invoice: Json, before: Json, decline: Decline, method: Json | None, *, now: int) -> None:
    """Keeps an open invoice that could not be collected; `before` is how it stood, `method` the card of this try.

    Stripe sends `invoice.payment_action_required` besides where the bank wants the payer
    (https://docs.stripe.com/billing/subscriptions/overview#requires-action).
    """
    refused = method["id"] if method and is_final(decline) else None
    if invoice["next_payment_attempt"] is None:
        invoice["auto_advance"] = False
    keep_invoice(store, invoice, hidden={"refused": refused})
    if invoice != before:
        emit_change(store, "invoice.updated", before, invoice, now=now)
    if is_final(decline) and decline.code == "authentication_required":
        emit(store, "invoice.payment_action_required", invoice, now=now)
    emit(store, "invoice.payment_failed", invoice, now=now)


def mark_paid(store: Store, invoice: Json, payment: Json | None, *, now: int) -> None:
    """Marks an invoice as paid, with its payment unless nothing was due."""
    invoice |= {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
    }
    invoice["status_transitions"]["paid_at"] = now
    before = dict(payment) if payment else {}
    if payment:
        payment |= {"amount_paid": invoice["amount_due"], "status": "paid"}
        payment["status_transitions"] = {"canceled_at": None, "paid_at": now}
        store.put(payment)
    keep_invoice(store, invoice)
    emit(store, "invoice.paid", invoice, now=now)
    emit(store, "invoice.payment_succeeded", invoice, now=now)
    if payment:
        emit_change(store, "invoice_payment.paid", before, payment, now=now)


def close(store: Store, invoice: Json, status: str, *, now: int) -> Json:
    """Marks an open invoice as `void`, for good, or as `uncollectible`."""
    event, stamp = {
        "void": ("invoice.voided", "voided_at"),
        "uncollectible": ("invoice.marked_uncollectible", "marked_uncollectible_at"),
    }[status]
    invoice |= {"auto_advance": False, "next_payment_attempt": None, "status": status}
    invoice["status_transitions"][stamp] = now
    keep_invoice(store, invoice)
    if status == "void":
        _give_up_payment(store, invoice, now=now)
    emit(store, event, invoice, now=now)
    return invoice


def _give_up_payment(store: Store, invoice: Json, *, now: int) -> None:
    payment = payment_of(store, invoice)
    if payment is None:
        return
    intent = store.must(payment["payment"]["payment_intent"])
    cancel_intent(store, intent, reason="void_invoice", now=now)
    if intent["status"] == "canceled":
        store.put(payment | {"status": "canceled", "status_transitions": {"canceled_at": now, "paid_at": None}})


def stop_collecting(store: Store, subscription: Json, *, now: int) -> None:
    """Leaves the unpaid invoices of an ended subscription alone (https://docs.stripe.com/api/subscriptions/cancel)."""
    for invoice in store.every("invoice", parent__subscription_details__subscription=subscription["id"]):
        if invoice["status"] in ("draft", "open") and invoice["auto_advance"]:
            left = {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
            stopped = invoice | left
            keep_invoice(store, stopped)
            emit_change(store, "invoice.updated", invoice, stopped, now=now)
