"""The page on which a payer's bank asks, by 3-D Secure, whether it is really them; here two buttons answer."""

from flask import Flask, Response, make_response, redirect, render_template, request

from membership.stripe_sandbox.payments.checkout_form import typed_by
from membership.stripe_sandbox.payments.hosted import closed, declined_page, priced, to_success, with_headers
from membership.stripe_sandbox.payments.hosted_words import voice_of
from membership.stripe_sandbox.payments.paying import Payer, answer, waiting_payer
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due


def add_secure_page(app: Flask, store: Store, clock: Clock) -> None:
    """Adds the page of 3-D Secure to the application."""

    @app.get("/c/secure/<session_id>")
    def secure_page(session_id: str) -> Response:
        run_due(store, now=clock.now())
        session = store.get(session_id, "checkout.session")
        return closed(session) or _shown(store, session or {})

    @app.post("/c/secure/<session_id>")
    def secure_answer(session_id: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            session = store.get(session_id, "checkout.session")
            return closed(session) or _answered(store, session or {}, now=clock.now())


def _shown(store: Store, session: Json) -> Response:
    payer = waiting_payer(store, session)
    return _page(session, payer, status=200) if payer else _back(session)


def _answered(store: Store, session: Json, *, now: int) -> Response:
    payer = waiting_payer(store, session)
    if payer is None:
        return _back(session)
    answered = request.form.get("answer")
    if answered not in ("pass", "fail"):
        return _page(session, payer, status=422, error="Press one of the two buttons.")
    decline = answer(store, session, passed=answered == "pass", now=now)
    return declined_page(store, session, typed_by(payer), decline) if decline else to_success(session)


def _page(session: Json, payer: Payer, *, status: int, error: str | None = None) -> Response:
    say = voice_of(session)
    html = render_template(
        "secure.html",
        action=f"/c/secure/{session['id']}",
        amount=priced(session["amount_total"], session["currency"]),
        error=say(error) if error else None,
        last4=payer.number[-4:],
        say=say,
    )
    return with_headers(make_response(html, status), form_target=session["success_url"])


def _back(session: Json) -> Response:
    return with_headers(make_response(redirect(f"/c/pay/{session['id']}", 303)))
