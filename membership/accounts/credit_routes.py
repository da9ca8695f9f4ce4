"""How one is named under articles: shown as it will be printed, before it is kept."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from membership.accounts.credit import ANONYMOUS, LONGEST_NAME, WAYS, as_printed, choose_credit, cleaned_name, credit_of
from membership.accounts.login import signed_in_account, signed_in_required
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said

LOOK = "look"

blueprint = Blueprint("credit", __name__)


@blueprint.get("/account/credit")
@signed_in_required
def credit_page() -> Response:
    """Shows what is kept."""
    owner = signed_in_account()
    kept = credit_of(current_session(), owner.id)
    shown, name = (kept.shown, kept.name) if kept else (ANONYMOUS, owner.name or "")
    return _page(shown, name, is_saved=request.args.get("saved") == "1")


@blueprint.post("/account/credit")
@signed_in_required
def credit_choice() -> ResponseReturnValue:
    """Keeps it; with the other button shows how it would look, and keeps nothing."""
    owner, form = signed_in_account().id, request.form
    # Not by GET: a name in an address of a page would stand in logs and histories.
    if form.get("act") == LOOK:
        return _looked_at(form.get("shown", ""), form.get("name", ""))
    try:
        with transaction(current_session()) as session:
            choose_credit(session, owner, form.get("shown", ""), form.get("name", ""), now=now())
    except Refusal as refusal:
        return _page(form.get("shown", ""), form.get("name", ""), refusal=refusal)
    return redirect("/account/credit?saved=1", 303)


def _looked_at(shown: str, typed: str) -> Response:
    if shown not in WAYS:
        shown = ANONYMOUS
    try:
        return _page(shown, cleaned_name(typed))
    except Refusal as refusal:
        return _page(shown, typed, refusal=None if shown == ANONYMOUS else refusal)


def _page(shown: str, name: str, *, is_saved: bool = False, refusal: Refusal | None = None) -> Response:
    page = render_template(
        "accounts/credit.html",
        shown=shown,
        look=LOOK,
        name=name[: 2 * LONGEST_NAME],
        printed={way: "" if refusal else as_printed(way, name) for way in WAYS},
        longest=LONGEST_NAME,
        is_saved=is_saved,
        errors={refusal.field or "": said(refusal)} if refusal else {},
    )
    return personal(make_response(page, refusal.status if refusal else 200))
