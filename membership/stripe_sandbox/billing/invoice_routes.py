"""Invoices by the API: looked at, finalised, paid, voided, given up; and the payments that belong to them."""

from stripe import params

from membership.stripe_sandbox.billing.collecting import card_error, collect, method_for, settled
from membership.stripe_sandbox.billing.invoices import close, finalize, is_processing, mark_paid
from membership.stripe_sandbox.billing.methods_on_file import own_method
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, not_modelled
from membership.stripe_sandbox.protocol.inner_lists import page_of
from membership.stripe_sandbox.protocol.lists import listing, page
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json


def list_lines(call: Call) -> Json:
    """Answers the lines of an invoice."""
    invoice = call.found("invoice")
    return page_of(call, invoice["lines"]["data"], f"/v1/invoices/{invoice['id']}/lines")


def list_invoice_payments(call: Call) -> Json:
    """Answers the payments of an invoice, or the one that a payment intent made."""
    where: dict[str, tuple[str, ...]] = {
        name: (call.params[name],) for name in ("invoice", "status") if name in call.params
    }
    payment = call.get("payment")
    if payment:
        if payment["type"] != "payment_intent" or "payment_intent" not in payment:
            raise not_modelled("payment[type]", "This sandbox knows payments by payment_intent alone.")
        where["payment.payment_intent"] = (payment["payment_intent"],)
    return page(call, "invoice_payment", "/v1/invoice_payments", where)


def finalize_invoice(call: Call) -> Json:
    """Opens a draft before its hour is over; unless told otherwise it is collected as soon as it can be."""
    invoice = _in_status(call, ("draft",), "finalize")
    invoice["auto_advance"] = call.get("auto_advance", invoice["auto_advance"])
    invoice["next_payment_attempt"] = call.now if invoice["auto_advance"] else None
    finalize(call.store, invoice, now=call.now)
    if invoice["amount_due"] == 0:
        collect(call.store, invoice, None, now=call.now)
    return invoice


def pay_invoice(call: Call) -> Json:
    """Tries to collect an invoice at once, with the payment method given or the usual one.

    A refusal answers 402 and stands: the failed charge, the events and the count of tries stay. The payer is taken to
    be absent unless `off_session` says no (https://docs.stripe.com/api/invoices/pay).
    """
    invoice = _in_status(call, ("draft", "open", "uncollectible"), "pay")
    if call.get("paid_out_of_band"):
        return _paid_elsewhere(call, invoice)
    if invoice["status"] == "draft":
        finalize(call.store, invoice, now=call.now)
    method = _method(call, invoice)
    present = not call.get("off_session", True)
    decline = collect(call.store, invoice, method, automatic=False, present=present, now=call.now)
    if decline:
        raise card_error(decline, "invoice", stands=True)
    return call.store.must(invoice["id"])


def _in_status(call: Call, allowed: tuple[str, ...], act: str) -> Json:
    invoice = call.found("invoice")
    if invoice["status"] == "paid" and act == "pay":
        raise ApiError(400, "Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in allowed:
        listed = " or ".join(allowed)
        message = f"You can only {act} an invoice that is {listed}; this one is {invoice['status']}."
        raise ApiError(400, message, code="invoice_not_editable" if act == "finalize" else None)
    return invoice


def _paid_elsewhere(call: Call, invoice: Json) -> Json:
    if "payment_method" in call.params:
        message = "You cannot pass `payment_method` for an invoice that was paid out of band."
        raise invalid(message, "payment_method")
    if invoice["status"] == "draft":
        finalize(call.store, invoice, now=call.now)
    invoice["amount_paid_off_stripe"] = invoice["amount_due"]
    mark_paid(call.store, invoice, None, now=call.now)
    settled(call.store, invoice, now=call.now)
    return invoice


def _method(call: Call, invoice: Json) -> Json | None:
    if "payment_method" in call.params:
        return own_method(call.store, call.params["payment_method"], invoice["customer"], "payment_method")
    return method_for(call.store, invoice)


def void_invoice(call: Call) -> Json:
    """Makes an open invoice void, for good: it is tried no more, and its subscription no longer owes it.

    https://docs.stripe.com/invoicing/integration/workflow-transitions; money that is on its way cannot be stopped.
    """
    given = _in_status(call, ("open", "uncollectible"), "void")
    if is_processing(call.store, given):
        message = "You cannot void this invoice: a payment of it is processing. Wait until the bank has answered."
        raise ApiError(400, message)
    invoice = close(call.store, given, "void", now=call.now)
    settled(call.store, invoice, now=call.now)
    return invoice


def mark_uncollectible(call: Call) -> Json:
    """Gives an open invoice up; it can still be paid (https://docs.stripe.com/invoicing/overview#uncollectible)."""
    allowed = _in_status(call, ("draft", "open"), "mark as uncollectible")
    if allowed["status"] == "draft":
        finalize(call.store, allowed, now=call.now)
    invoice = close(call.store, allowed, "uncollectible", now=call.now)
    settled(call.store, invoice, now=call.now)
    return invoice


ROUTES = (
    route(
        "GET", "/v1/invoice_payments", params.InvoicePaymentListParams,
        list_invoice_payments,
        modelled="created invoice payment.type payment.payment_intent status" + CURSOR,
    ),
    route(
        "GET", "/v1/invoice_payments/{id}", params.InvoicePaymentRetrieveParams,
        retrieving("invoice_payment"),
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
    route(
        "GET", "/v1/invoices/{id}/lines", params.InvoiceLineItemListParams, list_lines,
        modelled=CURSOR,
    ),
    route(
        "POST", "/v1/invoices/{id}/finalize", params.InvoiceFinalizeInvoiceParams, finalize_invoice,
        modelled="auto_advance",
    ),
    route(
        "POST", "/v1/invoices/{id}/pay", params.InvoicePayParams, pay_invoice,
        modelled="off_session paid_out_of_band payment_method",
    ),
    route("POST", "/v1/invoices/{id}/void", params.InvoiceVoidInvoiceParams, void_invoice),
    route(
        "POST", "/v1/invoices/{id}/mark_uncollectible", params.InvoiceMarkUncollectibleParams,
        mark_uncollectible,
    ),
)  # fmt: skip
