"""The hosted Checkout page, as a payer sees it: what is paid, a card, an answer in words."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request

from membership.stripe_sandbox.balance import amount_text
from membership.stripe_sandbox.cards import CARDS, digits_of, expiry_of, has_expired
from membership.stripe_sandbox.checkout import looks_like_an_address
from membership.stripe_sandbox.clock import Clock
from membership.stripe_sandbox.paying import Payer, pay
from membership.stripe_sandbox.shapes import Json
from membership.stripe_sandbox.store import Store
from membership.stripe_sandbox.time_travel import run_due

DECLINED = 402
FIELDS = ("email", "card_number", "card_expiry", "card_cvc", "card_name")
SIGNS = {"eur": "€", "usd": "$", "jpy": "¥", "uah": "₴"}
ACTS = {"book": "Book", "donate": "Donate", "subscribe": "Subscribe"}
TEST_NUMBERS = (
    ("4242 4242 4242 4242", "succeeds"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0000 0000 0069", "has expired"),
    ("4000 0000 0000 0127", "has a wrong security code"),
    ("4000 0000 0000 0341", "pays now, fails at each renewal"),
)


def add_hosted_pages(app: Flask, store: Store, clock: Clock) -> None:
    """Adds the Checkout page to the application."""

    @app.get("/c/pay/<session_id>")
    def checkout_page(session_id: str) -> Response:
        run_due(store, now=clock.now())
        session = store.get(session_id, "checkout.session")
        return _closed(session) or _page(store, session or {}, {}, {}, status=200)

    @app.post("/c/pay/<session_id>")
    def pay_session(session_id: str) -> Response:
        run_due(store, now=clock.now())
        typed = {name: request.form.get(name, "").strip() for name in FIELDS}
        with store.transaction():
            session = store.get(session_id, "checkout.session")
            return _closed(session) or _paid(store, session or {}, typed, now=clock.now())


def _closed(session: Json | None) -> Response | None:
    """Returns the answer for a session that cannot be paid, or None for an open one."""
    if session is None:
        return _notice("This payment page does not exist.", "Check the link, or go back and start again.", 404)
    if session["status"] == "complete":
        return _to_success(session)
    if session["status"] == "expired":
        text = "Nothing was taken. Go back to where you came from and start again."
        return _notice("This payment page has expired.", text, 410, session["cancel_url"])
    return None


def _paid(store: Store, session: Json, typed: dict[str, str], *, now: int) -> Response:
    email = store.hidden(session["id"])["email"]
    if email:
        typed["email"] = email
    errors = _errors(typed, now=now)
    if errors:
        return _page(store, session, typed, errors, status=422)
    number, expiry = digits_of(typed["card_number"]), expiry_of(typed["card_expiry"])
    payer = Payer(typed["email"], typed["card_name"], number, expiry or (1, 2000))
    decline = pay(store, session, payer, now=now)
    if decline:
        refusal = f"{decline.message} Nothing was taken. You can try another card."
        return _page(store, session, typed, {"card_number": refusal}, status=DECLINED)
    return _to_success(session)


def _errors(typed: dict[str, str], *, now: int) -> dict[str, str]:
    errors = {}
    if not looks_like_an_address(typed["email"]):
        errors["email"] = "Enter an e-mail address, like name@example.org."
    number = digits_of(typed["card_number"])
    if not number:
        errors["card_number"] = "Enter a card number."
    elif number not in CARDS:
        errors["card_number"] = "This is not a card number the sandbox knows. Use one of the test cards below."
    expiry = expiry_of(typed["card_expiry"])
    if expiry is None:
        errors["card_expiry"] = "Enter the expiry as month and year, like 12/34."
    elif has_expired(*expiry, now=now):
        errors["card_expiry"] = "This expiry has passed. Enter a later month and year."
    if not (typed["card_cvc"].isdecimal() and len(typed["card_cvc"]) in (3, 4)):
        errors["card_cvc"] = "Enter the 3 digits on the back of the card."
    return errors


def _page(store: Store, session: Json, typed: dict[str, str], errors: dict[str, str], *, status: int) -> Response:
    hidden = store.hidden(session["id"])
    amount = priced(session["amount_total"], session["currency"])
    lines = [
        {
            "name": line["description"],
            "quantity": line["quantity"],
            "amount": priced(line["amount_total"], line["currency"]),
        }
        for line in hidden["line_items"]
    ]
    rhythm = _rhythm(hidden["line_items"])
    act = ACTS.get(session["submit_type"] or "", "Subscribe" if rhythm else "Pay")
    html = render_template(
        "checkout.html",
        act=f"{act} {amount}" + (f" {rhythm}" if rhythm else ""),
        amount=amount,
        cancel_url=session["cancel_url"],
        currency=session["currency"].upper(),
        declined=status == DECLINED,
        email=hidden["email"],
        errors=errors,
        lines=lines,
        rhythm=rhythm,
        test_numbers=TEST_NUMBERS,
        typed=typed,
    )
    return with_headers(make_response(html, status), form_target=session["success_url"])


def priced(amount: int, currency: str) -> str:
    """Returns an amount as a payer reads it, for example `€5.00` or `¥500`."""
    digits, code = amount_text(amount, currency).split()
    return f"{SIGNS[currency]}{digits}" if currency in SIGNS else f"{digits} {code}"


def _rhythm(lines: list[Json]) -> str:
    recurring: Json | None = lines[0]["price"]["recurring"]
    if recurring is None:
        return ""
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"every {interval}" if count == 1 else f"every {count} {interval}s"


def _to_success(session: Json) -> Response:
    target = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return with_headers(make_response(redirect(target, 303)))


def _notice(title: str, text: str, status: int, back: str | None = None) -> Response:
    html = render_template("notice.html", title=title, text=text, back=back)
    return with_headers(make_response(html, status))


def with_headers(response: Response, *, form_target: str | None = None) -> Response:
    """Adds the headers of every page. Browsers check a form's redirect too, so its target must be named."""
    allowed = "'self'"
    if form_target:
        address: Any = urlsplit(form_target)
        allowed += f" {address.scheme}://{address.netloc}"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {allowed}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
