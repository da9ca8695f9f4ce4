"""The hosted page of an invoice (`hosted_invoice_url`): what is owed, and a card form while it is.

It needs no sign-in, as at Stripe (https://docs.stripe.com/invoicing/hosted-invoice-page): whoever has the address can
pay. The card pays this invoice; it does not become the one that later renewals are charged to.
"""

from flask import Flask, Response, make_response, redirect, request

from membership.stripe_sandbox.billing.collecting import collect, settle_intent
from membership.stripe_sandbox.billing.invoices import payment_of
from membership.stripe_sandbox.billing.plain_pages import keep_card, listed_cards, notice, page, read_card
from membership.stripe_sandbox.payments.checkout_form import Typed
from membership.stripe_sandbox.payments.declines import AUTHENTICATE, Decline
from membership.stripe_sandbox.payments.hosted import DECLINED, priced, with_headers
from membership.stripe_sandbox.payments.hosted_words import ENGLISH
from membership.stripe_sandbox.payments.payments import confirm, refuse_authentication
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due

PAYABLE = ("open", "uncollectible")


def add_invoice_pages(app: Flask, store: Store, clock: Clock) -> None:
    """Adds an invoice's page and the page of its 3-D Secure to the application."""

    @app.get("/i/<invoice_id>")
    def invoice_page(invoice_id: str) -> Response:
        run_due(store, now=clock.now())
        return _missing(store, invoice_id) or _shown(store, store.must(invoice_id), {}, {}, status=200)

    @app.post("/i/<invoice_id>")
    def pay_invoice(invoice_id: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            return _missing(store, invoice_id) or _paid(store, store.must(invoice_id), now=clock.now())

    @app.get("/i/<invoice_id>/secure")
    def secure_invoice_page(invoice_id: str) -> Response:
        return _missing(store, invoice_id) or _secure(store, store.must(invoice_id), status=200)

    @app.post("/i/<invoice_id>/secure")
    def secure_invoice_answer(invoice_id: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            return _missing(store, invoice_id) or _answered(store, store.must(invoice_id), now=clock.now())


def _missing(store: Store, invoice_id: str) -> Response | None:
    invoice = store.get(invoice_id, "invoice")
    if invoice is None or invoice["status"] == "draft":
        return notice("This invoice does not exist.", "Check the link, or ask who sent it to you.", 404)
    return None


def _paid(store: Store, invoice: Json, *, now: int) -> Response:
    if invoice["status"] not in PAYABLE:
        return _to(invoice)
    customer = store.must(invoice["customer"])
    typed, errors = read_card(customer, now=now)
    if errors:
        return _shown(store, invoice, typed, errors, status=422)
    method = keep_card(store, customer, typed, now=now)
    decline = collect(store, invoice, method, automatic=False, present=True, now=now)
    if decline is AUTHENTICATE:
        return _to(invoice, "/secure")
    return _refused(store, invoice, typed, decline) if decline else _to(invoice)


def _refused(store: Store, invoice: Json, typed: Typed, decline: Decline) -> Response:
    refusal = f"{decline.message} Nothing was taken. You can try another card."
    return _shown(store, store.must(invoice["id"]), typed, {"card_number": refusal}, status=DECLINED)


def _to(invoice: Json, page_of: str = "") -> Response:
    return with_headers(make_response(redirect(f"/i/{invoice['id']}{page_of}", 303)))


def _shown(store: Store, invoice: Json, typed: Typed, errors: dict[str, str], *, status: int) -> Response:
    line = invoice["lines"]["data"][0]
    return page(
        "invoice.html",
        status=status,
        amount=priced(invoice["amount_due"], invoice["currency"]),
        customer=invoice["customer_name"] or invoice["customer_email"] or "",
        declined=status == DECLINED,
        errors=errors,
        invoice=invoice,
        line=line["description"],
        period=f"{ENGLISH.date(line['period']['start'])} to {ENGLISH.date(line['period']['end'])}",
        listed_cards=listed_cards(),
        payable=invoice["status"] in PAYABLE,
        typed=typed,
    )


def _waiting(store: Store, invoice: Json) -> Json | None:
    payment = payment_of(store, invoice)
    intent = store.must(payment["payment"]["payment_intent"]) if payment else None
    return intent if intent and intent["status"] == "requires_action" and intent["payment_method"] else None


def _secure(store: Store, invoice: Json, *, status: int, error: str | None = None) -> Response:
    intent = _waiting(store, invoice)
    if intent is None:
        return _to(invoice)
    method = store.must(intent["payment_method"])
    return page(
        "secure.html",
        status=status,
        action=f"/i/{invoice['id']}/secure",
        amount=priced(invoice["amount_due"], invoice["currency"]),
        error=error,
        last4=method["card"]["last4"],
    )


def _answered(store: Store, invoice: Json, *, now: int) -> Response:
    intent = _waiting(store, invoice)
    if intent is None or invoice["status"] not in PAYABLE:
        return _to(invoice)
    answer = request.form.get("answer")
    if answer not in ("pass", "fail"):
        return _secure(store, invoice, status=422, error="Press one of the two buttons.")
    if answer == "pass":
        method = store.must(intent["payment_method"])
        decline = confirm(store, intent, method, authenticated=True, now=now)
    else:
        decline = refuse_authentication(store, intent, now=now)
    settle_intent(store, intent, decline, now=now)
    return _refused(store, invoice, {}, decline) if decline else _to(invoice)
