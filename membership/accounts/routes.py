"""Signing in and out: ask for the mail, then come in by its link in any browser, or by its code."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from membership.accounts import sessions
from membership.accounts.addresses import masked
from membership.accounts.entering import enter, let_in
from membership.accounts.login import forget
from membership.accounts.next_path import safe_next
from membership.accounts.sign_in import LIFE, Gone, ask, awaited_address, by_code, by_link, refuse_gone
from membership.accounts.sign_in_pages import REQUEST, answer_page, form_page
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.web.caching import personal
from membership.web.current import default_language, now
from membership.web.network import network_key
from membership.web.signing import BadSignature, unsign

blueprint = Blueprint("accounts", __name__)

FORM_LIFE = timedelta(hours=24)


@blueprint.get("/sign-in")
def ask_page() -> Response:
    """Shows the form; after it was sent, `?request=` shows where to type the code, and a reload keeps that."""
    signed, at = request.args.get("request", ""), now()
    email = _awaited_at(signed, at)
    return form_page("", request.args.get("next", "")) if email is None else _code_page(signed, email)


@blueprint.post("/sign-in")
def ask_for_mail() -> Response:
    """Sends the mail, and leads to the page for its code."""
    at, signed, email, next_path = now(), *(request.form.get(name, "") for name in ("request", "email", "next"))
    try:
        request_id = unsign(REQUEST, signed, life=FORM_LIFE, now=at)
        with transaction(current_session()) as session:
            ask(
                session,
                email,
                request_id=request_id,
                network_key=network_key(now=at),
                next_path=safe_next(next_path),
                now=at,
            )
    except BadSignature:
        return form_page(email, next_path, Refusal("This page was open for too long. Please send it once more."))
    except Refusal as refusal:
        return form_page(email, next_path, refusal)
    return personal(make_response(redirect(url_for("accounts.ask_page", request=signed), 303)))


@blueprint.post("/sign-in/code")
def enter_by_code() -> Response:
    """Signs in by the code; a wrong one is counted before it is told."""
    at, signed, language = now(), request.form.get("request", ""), default_language()
    try:
        request_id = unsign(REQUEST, signed, life=FORM_LIFE, now=at)
        with transaction(current_session()) as session:
            entry = by_code(session, request_id, request.form.get("code", ""), language=language, now=at)
            entered = enter(session, entry, now=at) if entry else None
    except BadSignature:
        return _gone_page(Gone("unknown"))
    except Gone as gone:
        return _gone_page(gone)
    except Refusal as refusal:
        return _code_page(signed, _awaited_at(signed, at) or "", refusal)
    if entered is None:
        wrong = Refusal("This is not the code that was sent for this page. Look at the newest mail.", field="code")
        return _code_page(signed, _awaited_at(signed, at) or "", wrong)
    return let_in(entered)


@blueprint.get("/sign-in/<token>")
def link_page(token: str) -> Response:
    """Shows the button. Nothing is burnt: mail programs open links before people do."""
    try:
        refuse_gone(current_session(), token, now=now())
    except Gone as gone:
        return _gone_page(gone)
    return personal(make_response(render_template("accounts/sign_in_link.html", action=request.path)))


@blueprint.post("/sign-in/<token>")
def enter_by_link(token: str) -> Response:
    """Signs in by the link, once."""
    # Asked for before: who waits for the link's row must not need a second connection.
    at, language = now(), default_language()
    try:
        with transaction(current_session()) as session:
            entry = by_link(session, token, language=language, now=at)
            entered = enter(session, entry, now=at)
    except Gone as gone:
        return _gone_page(gone)
    return let_in(entered)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Ends this browser's session and empties its cookie."""
    secret = forget()
    if secret is not None:
        with transaction(current_session()) as session:
            sessions.end(session, secret, now=now())
    return personal(make_response(redirect("/", 303)))


def _awaited_at(signed: str, at: datetime) -> str | None:
    try:
        request_id = unsign(REQUEST, signed, life=FORM_LIFE, now=at)
    except BadSignature:
        return None
    return awaited_address(current_session(), request_id, now=at)


def _code_page(signed: str, email: str, refusal: Refusal | None = None) -> Response:
    minutes = LIFE // timedelta(minutes=1)
    shown = masked(email) if email else ""
    return answer_page("accounts/sign_in_code.html", refusal, request_id=signed, email=shown, minutes=minutes)


def _gone_page(gone: Gone) -> Response:
    return personal(make_response(render_template("accounts/sign_in_gone.html", reason=gone.reason), gone.status))
