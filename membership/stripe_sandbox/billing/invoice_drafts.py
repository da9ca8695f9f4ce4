"""Drafts of invoices: what a subscription's period costs, before anything is asked of anybody."""

import stripe

from membership.stripe_sandbox.billing.invoice_lines import amount_of, line_of
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import list_object
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit

# https://docs.stripe.com/billing/invoices/subscription#subscription-lifecycle: "approximately one hour".
DRAFT_SECONDS = 3600


def compose(store: Store, subscription: Json, object_id: str, *, reason: str, since: int, now: int) -> Json:
    """Returns a draft of the subscription's current period that is not kept yet.

    `reason` is Stripe's billing reason. `since` is when the period before began: an invoice's own period looks back,
    only its lines look ahead (https://docs.stripe.com/api/invoices/object#invoice_object-period_start).
    """
    customer = store.must(subscription["customer"])
    item = subscription["items"]["data"][0]
    amount = amount_of(subscription, item)
    return whole(
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
        lines=list_object([line_of(subscription, item, object_id)], f"/v1/invoices/{object_id}/lines"),
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


def _parent(subscription: Json) -> Json:
    details = whole(
        stripe.Invoice.Parent.SubscriptionDetails,
        metadata=dict(subscription["metadata"]),
        subscription=subscription["id"],
    )
    return whole(stripe.Invoice.Parent, subscription_details=details, type="subscription_details")


def subscription_id(invoice: Json) -> str:
    """Returns the subscription that an invoice bills."""
    return str(invoice["parent"]["subscription_details"]["subscription"])


def draft(store: Store, subscription: Json, *, reason: str, since: int, now: int, advances: bool = True) -> Json:
    """Makes the draft of the subscription's current period; it is finalised in an hour unless it does not advance."""
    invoice = compose(store, subscription, new_id("invoice"), reason=reason, since=since, now=now)
    invoice["auto_advance"] = advances
    invoice["automatically_finalizes_at"] = now + DRAFT_SECONDS if advances else None
    invoice["next_payment_attempt"] = now + DRAFT_SECONDS if advances else None
    keep_invoice(store, invoice)
    emit(store, "invoice.created", invoice, now=now)
    return invoice


def keep_invoice(store: Store, invoice: Json, *, hidden: Json | None = None) -> Json:
    """Stores an invoice; a draft falls due when it is finalised, an open one when it is tried again."""
    due = {"draft": "automatically_finalizes_at", "open": "next_payment_attempt"}.get(invoice["status"])
    return store.put(invoice, due_at=invoice[due] if due and invoice["auto_advance"] else None, hidden=hidden)
