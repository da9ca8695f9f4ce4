"""Passkeys in the account, and signing in by one. They need a script of ours; without it the mail signs in."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from membership.accounts.authenticators import Site
from membership.accounts.device_names import device_name
from membership.accounts.devices import spoken
from membership.accounts.entering import enter, let_in
from membership.accounts.login import signed_in_account, signed_in_required
from membership.accounts.next_path import safe_next
from membership.accounts.passkeys import add, adding, by_passkey, passkeys_of, remove, rename, site
from membership.accounts.sign_in import Entry
from membership.accounts.sign_in_pages import form_page
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.newsroom.words import current_newsroom
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said

blueprint = Blueprint("passkeys", __name__)


@blueprint.get("/account/passkeys")
@signed_in_required
def passkeys_page() -> Response:
    """Lists the passkeys of this account, and the form for one more."""
    return _page(None)


@blueprint.post("/account/passkeys")
@signed_in_required
def add_passkey() -> ResponseReturnValue:
    """Keeps the key that the browser has just made."""
    owner, form, here = signed_in_account(), request.form, _site()
    answer, challenge, name = (form.get(each, "") for each in ("credential", "challenge", "name"))
    try:
        with transaction(current_session()) as session:
            add(session, owner, here, answer, challenge=challenge, name=name, now=now())
    except Refusal as refusal:
        return _page(refusal, name)
    return redirect("/account/passkeys", 303)


@blueprint.post("/account/passkeys/<reference>/name")
@signed_in_required
def rename_passkey(reference: str) -> ResponseReturnValue:
    """Gives a passkey another name."""
    owner = signed_in_account()
    with transaction(current_session()) as session:
        rename(session, owner, reference, request.form.get("name", ""))
    return redirect("/account/passkeys", 303)


@blueprint.post("/account/passkeys/<reference>/removal")
@signed_in_required
def remove_passkey(reference: str) -> ResponseReturnValue:
    """Forgets a passkey."""
    owner = signed_in_account()
    with transaction(current_session()) as session:
        remove(session, owner, reference, now=now())
    return redirect("/account/passkeys", 303)


@blueprint.post("/sign-in/passkey")
def enter_by_passkey() -> Response:
    """Signs in by the answer of a person's own device."""
    form, at, here = request.form, now(), _site()
    next_path = safe_next(form.get("next", ""))
    try:
        with transaction(current_session()) as session:
            answer, challenge = form.get("credential", ""), form.get("challenge", "")
            account = by_passkey(session, here, answer, challenge=challenge, now=at)
            entered = enter(session, Entry(account, next_path), now=at)
    except Refusal as refusal:
        return form_page("", next_path, refusal)
    return let_in(entered)


def _page(refusal: Refusal | None, name: str = "") -> Response:
    owner = signed_in_account()
    challenge, options = adding(current_session(), owner, _site(), now=now())
    page = render_template(
        "accounts/passkeys.html",
        passkeys=passkeys_of(current_session(), owner),
        challenge=challenge,
        options=options,
        name=name or spoken(device_name(request.user_agent.string)),
        errors={refusal.field or "": said(refusal)} if refusal else {},
    )
    return personal(make_response(page, refusal.status if refusal else 200))


def _site() -> Site:
    return site(current_newsroom().name)
