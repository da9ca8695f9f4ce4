"""What the hosted pages of invoices and of the billing portal share: a template with its headers, a card typed in."""

from typing import Any

from flask import Response, make_response, render_template, request

from membership.stripe_sandbox.payments.cards import CARDS, attach, expiry_of, set_up
from membership.stripe_sandbox.payments.checkout_form import Typed, errors_of, read_form
from membership.stripe_sandbox.payments.hosted import priced, with_headers
from membership.stripe_sandbox.payments.hosted_words import ENGLISH, Voice
from membership.stripe_sandbox.payments.payment_method_settings import CARD
from membership.stripe_sandbox.payments.payment_methods import attach_to
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store

NOBODY = "payer@example.org"


def page(template: str, *, status: int = 200, form_target: str | None = None, **context: Any) -> Response:
    """Answers a template. `form_target` is another site that its forms lead to."""
    return with_headers(make_response(render_template(template, **context), status), form_target=form_target)


def notice(title: str, text: str, status: int, back: str | None = None, *, say: Voice = ENGLISH) -> Response:
    """Answers a page that only says something."""
    return page("notice.html", status=status, title=say(title), text=say(text), back=back, say=say)


def read_card(customer: Json, *, now: int) -> tuple[Typed, dict[str, str]]:
    """Returns what was typed into the card's fields, and a sentence for each that is missing or wrong."""
    typed = read_form(request.form, email=customer.get("email") or NOBODY, ways=[CARD])
    return typed, errors_of(typed, now=now)


def keep_card(store: Store, customer: Json, typed: Typed, *, now: int) -> Json:
    """Makes the payment method of a card that was typed without errors, and attaches it for later charges."""
    number = typed["card_number"].replace(" ", "").replace("-", "")
    expiry = expiry_of(typed["card_expiry"]) or (12, 2090)
    email = customer.get("email") or ""
    method = attach(store, number, expiry, email=email, name=typed["card_name"], now=now)
    attach_to(store, method, customer["id"], now=now)
    set_up(store, method)
    return method


def listed_cards() -> list[tuple[str, str]]:
    """Returns the numbers one may type, with what happens."""
    return [(f"{number[:4]} {number[4:8]} {number[8:12]} {number[12:]}", card.what) for number, card in CARDS.items()]


def listed_invoice(invoice: Json, say: Voice) -> Json:
    """Returns what the pages say of an invoice."""
    return {
        "amount": priced(invoice["total"], invoice["currency"]),
        "on": say.date(invoice["created"]),
        "number": invoice["number"] or say("Draft"),
        "status": say(invoice["status"]),
        "url": invoice["hosted_invoice_url"],
    }
