"""The hosted Checkout page, as a payer sees it: what is paid, ways of paying, an answer in words."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request

from membership.stripe_sandbox.money.balance import amount_text
from membership.stripe_sandbox.payments.bank_accounts import ACCOUNTS
from membership.stripe_sandbox.payments.cards import CARDS
from membership.stripe_sandbox.payments.checkout_form import Typed, errors_of, payer_of, read_form
from membership.stripe_sandbox.payments.declines import Decline
from membership.stripe_sandbox.payments.hosted_words import ENGLISH, Voice, voice_of
from membership.stripe_sandbox.payments.paying import pay, waiting_payer
from membership.stripe_sandbox.payments.payment_method_settings import DEBIT, WALLET, has_wallet
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due

DECLINED = 402
SIGNS = {"eur": "€", "usd": "$", "jpy": "¥", "uah": "₴"}
ACTS = {"book": "Book {amount}", "donate": "Donate {amount}", "subscribe": "Subscribe {amount}"}


def add_hosted_pages(app: Flask, store: Store, clock: Clock) -> None:
    """Adds the Checkout page to the application."""

    @app.get("/c/pay/<session_id>")
    def checkout_page(session_id: str) -> Response:
        run_due(store, now=clock.now())
        session = store.get(session_id, "checkout.session")
        return closed(session) or _page(store, session or {}, {}, {}, status=200)

    @app.post("/c/pay/<session_id>")
    def pay_session(session_id: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            session = store.get(session_id, "checkout.session")
            return closed(session) or _paid(store, session or {}, now=clock.now())


def closed(session: Json | None) -> Response | None:
    """Returns the answer for a session that cannot be paid, or None for an open one."""
    if session is None:
        return _notice("This payment page does not exist.", "Check the link, or go back and start again.", 404)
    if session["status"] == "complete":
        return to_success(session)
    if session["status"] == "expired":
        say = voice_of(session)
        text = say("Nothing was taken. Go back to where you came from and start again.")
        return _notice(say("This payment page has expired."), text, 410, session["cancel_url"], say=say)
    return None


def _paid(store: Store, session: Json, *, now: int) -> Response:
    ways = session["payment_method_types"] + ([WALLET] if has_wallet(store) else [])
    typed = read_form(request.form, email=store.hidden(session["id"])["email"], ways=ways)
    errors = errors_of(typed, now=now)
    if errors:
        return _page(store, session, typed, errors, status=422)
    decline = pay(store, session, payer_of(typed), now=now)
    if decline is None:
        return to_success(session)
    if waiting_payer(store, session):
        return with_headers(make_response(redirect(f"/c/secure/{session['id']}", 303)))
    return declined_page(store, session, typed, decline)


def declined_page(store: Store, session: Json, typed: Typed, decline: Decline) -> Response:
    """Answers the Checkout page again, with the reason in place and what was typed."""
    say = voice_of(session)
    refusal = say("{reason} Nothing was taken. You can try another card.", reason=say(decline.message))
    return _page(store, session, typed, {"card_number": refusal}, status=DECLINED)


def _page(store: Store, session: Json, typed: Typed, errors: dict[str, str], *, status: int) -> Response:
    hidden = store.hidden(session["id"])
    amount = priced(session["amount_total"], session["currency"])
    say = voice_of(session)
    rhythm = say.rhythm(hidden["line_items"][0]["price"])
    act = ACTS.get(session["submit_type"] or "", ACTS["subscribe"] if rhythm else "Pay {amount}")
    html = render_template(
        "checkout.html",
        act=say(act, amount=f"{amount} {rhythm}" if rhythm else amount),
        action=f"/c/pay/{session['id']}",
        amount=amount,
        cancel_url=session["cancel_url"],
        currency=session["currency"].upper(),
        declined=status == DECLINED,
        email=hidden["email"],
        errors={name: say(text) for name, text in errors.items()},
        lines=[_line(line) for line in hidden["line_items"]],
        rhythm=rhythm,
        say=say,
        test_accounts=[(_spaced(iban), account.what) for iban, account in ACCOUNTS.items()],
        test_cards=[(_spaced(number), card.what) for number, card in CARDS.items()],
        typed=typed,
        wallet=has_wallet(store),
        with_debit=DEBIT in session["payment_method_types"],
    )
    return with_headers(make_response(html, status), form_target=session["success_url"])


def _line(line: Json) -> Json:
    amount = priced(line["amount_total"], line["currency"])
    return {"name": line["description"], "quantity": line["quantity"], "amount": amount}


def _spaced(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def priced(amount: int, currency: str) -> str:
    """Returns an amount as a payer reads it, for example `€5.00` or `¥500`."""
    digits, code = amount_text(amount, currency).split()
    return f"{SIGNS[currency]}{digits}" if currency in SIGNS else f"{digits} {code}"


def to_success(session: Json) -> Response:
    """Sends the payer back to the newsroom."""
    target = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return with_headers(make_response(redirect(target, 303)))


def _notice(title: str, text: str, status: int, back: str | None = None, *, say: Voice = ENGLISH) -> Response:
    html = render_template("notice.html", title=title, text=text, back=back, say=say)
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
