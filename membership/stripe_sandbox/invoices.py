"""Invoices of subscriptions: drawn up, finalised and charged in one step, with the payment that belongs to each."""

import stripe
from stripe import params

from membership.stripe_sandbox.balance import amount_text
from membership.stripe_sandbox.calls import Call
from membership.stripe_sandbox.cards import Decline
from membership.stripe_sandbox.errors import invalid
from membership.stripe_sandbox.events import emit, emit_change
from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.lists import list_object, listing, page
from membership.stripe_sandbox.payments import confirm, open_intent
from membership.stripe_sandbox.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store

DESCRIPTIONS = {"subscription_create": "Subscription creation", "subscription_cycle": "Subscription update"}


def draw_up(store: Store, subscription: Json, *, reason: str, since: int, now: int) -> Json:
    """Makes the open invoice of the subscription's current period.

    `reason` is Stripe's billing reason. `since` is when the period before began: an invoice's own period looks back,
    only its lines look ahead (https://docs.stripe.com/api/invoices/object#invoice_object-period_start).
    """
    customer = store.must(subscription["customer"])
    item = subscription["items"]["data"][0]
    amount = item["price"]["unit_amount"] * item["quantity"]
    object_id = new_id("invoice")
    invoice = whole(
        stripe.Invoice,
        id=object_id,
        account_country="NL",
        account_name="Stripe sandbox",
        amount_due=amount,
        amount_overpaid=0,
        amount_paid=0,
        amount_remaining=amount,
        amount_shipping=0,
        attempt_count=0,
        attempted=False,
        auto_advance=True,
        automatic_tax=whole(stripe.Invoice.AutomaticTax, enabled=False),
        billing_reason=reason,
        collection_method="charge_automatically",
        created=now,
        currency=subscription["currency"],
        customer=customer["id"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        customer_tax_exempt="none",
        customer_tax_ids=[],
        issuer=whole(stripe.Invoice.Issuer, type="self"),
        lines=list_object([_line(subscription, item, object_id, amount)], f"/v1/invoices/{object_id}/lines"),
        parent=_parent(subscription),
        payment_settings=whole(stripe.Invoice.PaymentSettings),
        period_end=item["current_period_start"],
        period_start=since,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=0,
        status="draft",
        status_transitions=whole(stripe.Invoice.StatusTransitions),
        subtotal=amount,
        subtotal_excluding_tax=amount,
        total=amount,
        total_discount_amounts=[],
        total_excluding_tax=amount,
        total_pretax_credit_amounts=[],
        total_taxes=[],
    )
    emit(store, "invoice.created", invoice, now=now)
    return _finalize(store, invoice, customer, now=now)


def _parent(subscription: Json) -> Json:
    details = whole(
        stripe.Invoice.Parent.SubscriptionDetails,
        metadata=dict(subscription["metadata"]),
        subscription=subscription["id"],
    )
    return whole(stripe.Invoice.Parent, subscription_details=details, type="subscription_details")


def _line(subscription: Json, item: Json, invoice: str, amount: int) -> Json:
    price = item["price"]
    each = amount_text(price["unit_amount"], price["currency"])
    details = whole(
        stripe.InvoiceLineItem.Parent.SubscriptionItemDetails,
        proration=False,
        subscription=subscription["id"],
        subscription_item=item["id"],
    )
    priced = {"price": price["id"], "product": price["product"]}
    return whole(
        stripe.InvoiceLineItem,
        id=new_id("line_item"),
        amount=amount,
        currency=price["currency"],
        description=f"{item['quantity']} × {each} / {price['recurring']['interval']}",
        discount_amounts=[],
        discountable=True,
        invoice=invoice,
        metadata=dict(subscription["metadata"]),
        parent=whole(
            stripe.InvoiceLineItem.Parent,
            subscription_item_details=details,
            type="subscription_item_details",
        ),
        period={"start": item["current_period_start"], "end": item["current_period_end"]},
        pretax_credit_amounts=[],
        pricing={
            "price_details": priced,
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        quantity=item["quantity"],
        quantity_decimal=str(item["quantity"]),
        subscription=subscription["id"],
        subtotal=amount,
        taxes=[],
    )


def _finalize(store: Store, invoice: Json, customer: Json, *, now: int) -> Json:
    sequence = customer["next_invoice_sequence"]
    store.put(customer | {"next_invoice_sequence": sequence + 1})
    invoice |= {
        "effective_at": now,
        "ending_balance": 0,
        "number": f"{customer['invoice_prefix']}-{sequence:04}",
        "status": "open",
    }
    invoice["status_transitions"]["finalized_at"] = now
    store.put(invoice)
    emit(store, "invoice.finalized", invoice, now=now)
    return invoice


def charge_invoice(
    store: Store, invoice: Json, method: Json, *, intent: Json | None = None, now: int
) -> Decline | None:
    """Tries to collect an open invoice and says why that failed, or None where it is paid now.

    `intent` is a payment intent that has paid it already, or failed before at Checkout; otherwise one is made.
    """
    later = intent is None
    if intent is None:
        data = {"customer": invoice["customer"], "description": DESCRIPTIONS[invoice["billing_reason"]]}
        intent = open_intent(store, invoice["amount_due"], invoice["currency"], data=data, now=now)
    payment = _payment(store, invoice, intent, now=now)
    decline = confirm(store, intent, method, later=later, now=now)
    invoice |= {"attempt_count": invoice["attempt_count"] + 1, "attempted": True}
    if decline:
        store.put(invoice)
        emit(store, "invoice.payment_failed", invoice, now=now)
    else:
        _mark_paid(store, invoice, payment, now=now)
    return decline


def _payment(store: Store, invoice: Json, intent: Json, *, now: int) -> Json:
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


def list_invoice_payments(call: Call) -> Json:
    """Answers the payments of an invoice, or the one that a payment intent made."""
    where: dict[str, tuple[str, ...]] = {
        name: (call.params[name],) for name in ("invoice", "status") if name in call.params
    }
    payment = call.get("payment")
    if payment:
        if payment["type"] != "payment_intent" or "payment_intent" not in payment:
            raise invalid(
                "This sandbox knows payments by payment_intent alone.", "payment[type]", code="sandbox_not_modelled"
            )
        where["payment.payment_intent"] = (payment["payment_intent"],)
    return page(call, "invoice_payment", "/v1/invoice_payments", where)


def _mark_paid(store: Store, invoice: Json, payment: Json, *, now: int) -> None:
    before = dict(payment)
    payment |= {"amount_paid": invoice["amount_due"], "status": "paid"}
    payment["status_transitions"] = {"canceled_at": None, "paid_at": now}
    store.put(payment)
    invoice |= {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "auto_advance": False,
        "status": "paid",
    }
    invoice["status_transitions"]["paid_at"] = now
    store.put(invoice)
    emit(store, "invoice.paid", invoice, now=now)
    emit(store, "invoice.payment_succeeded", invoice, now=now)
    emit_change(store, "invoice_payment.paid", before, payment, now=now)


ROUTES = (
    route(
        "GET", "/v1/invoice_payments", params.InvoicePaymentListParams,
        list_invoice_payments,
        modelled="created invoice payment.type payment.payment_intent status" + CURSOR,
    ),
    route(
        "GET", "/v1/invoices", params.InvoiceListParams,
        listing(
            "invoice", "/v1/invoices",
            {
                "customer": "customer", "status": "status",
                "subscription": "parent.subscription_details.subscription",
            },
        ),
        modelled="created customer status subscription" + CURSOR,
    ),
    route("GET", "/v1/invoices/{id}", params.InvoiceRetrieveParams, retrieving("invoice")),
)  # fmt: skip
