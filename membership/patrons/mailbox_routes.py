"""The staff's page of lost mailboxes: an account moves to another address on two facts of payment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from membership.accounts.addresses import masked
from membership.accounts.login import role_required, signed_in_account
from membership.accounts.lost_mailboxes import DELAY, ask_for_move, call_move_off, waiting_moves
from membership.accounts.people import find_account
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.newsroom.words import current_newsroom
from membership.patrons.payment_facts import Facts, owner_by_facts, read_facts
from membership.web.caching import personal
from membership.web.current import now, zone
from membership.web.errors import said

FIELDS = ("email", "new_email", "receipt", "paid_on", "amount", "currency", "last4")
HOURS = int(DELAY.total_seconds()) // 3600

blueprint = Blueprint("lost_mailboxes", __name__, url_prefix="/staff/mailboxes")


@dataclass(frozen=True)
class WaitingMove:
    """A move as the page lists it; both addresses masked, whoever looks over a shoulder."""

    reference: str
    was: str
    becomes: str
    at: datetime | None


@blueprint.get("")
@role_required("finance")
def mailboxes_page() -> Response:
    """Shows the form, and the moves that wait."""
    return _page({}, {})


@blueprint.post("")
@role_required("finance")
def ask() -> ResponseReturnValue:
    """Has an account move in three days, if the facts fit."""
    form = {name: request.form.get(name, "").strip()[:300] for name in FIELDS}
    facts, errors = read_facts(form)
    if errors:
        return _page(form, errors)
    try:
        with transaction(current_session()) as session:
            is_asked = _asked(session, form, facts)
    except Refusal as refusal:
        return _page(form, {refusal.field or "": said(refusal)}, refusal)
    if not is_asked:
        wrong = Refusal("These facts do not fit the payments of an account with this address.")
        return _page(form, {"email": said(wrong)})
    return redirect("/staff/mailboxes", 303)


@blueprint.post("/<reference>/cancellation")
@role_required("finance")
def call_off(reference: str) -> ResponseReturnValue:
    """Calls a move off: the account keeps its address."""
    by = signed_in_account()
    with transaction(current_session()) as session:
        call_move_off(session, reference, by=by, now=now())
    return redirect("/staff/mailboxes", 303)


def _asked(session: Session, form: Mapping[str, str], facts: Facts) -> bool:
    by, at = signed_in_account(), now()
    account = find_account(session, form["email"])
    owner = owner_by_facts(session, account, facts, by=by, zone=zone(), now=at)
    if owner is None:
        return False
    ask_for_move(session, owner, form["new_email"], by=by, now=at)
    return True


def _page(form: Mapping[str, str], errors: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    page = render_template(
        "patrons/staff_mailboxes.html",
        staff_nav=staff_nav(),
        form=form,
        errors=errors,
        currencies=[(code, code) for code in current_newsroom().currencies],
        moves=[
            WaitingMove(change.reference, masked(account.email), masked(change.email), change.moves_at)
            for change, account in waiting_moves(current_session())
        ],
        hours=HOURS,
    )
    response = personal(make_response(page, refusal.status if refusal else 422 if errors else 200))
    if refusal and refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
