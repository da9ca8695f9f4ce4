"""The pages of a change of address: the form in the account, and the buttons behind both letters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from membership.accounts.address_changes import (
    LIFE,
    Side,
    ask_for_change,
    change_by_reference,
    confirm,
    is_confirmed,
    is_done,
    take_back,
    waiting_change,
)
from membership.accounts.links import Opened, Purpose
from membership.accounts.login import signed_in_account, signed_in_required
from membership.accounts.lost_mailboxes import refuse_move
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said

blueprint = Blueprint("address", __name__)


@blueprint.get("/account/address")
@signed_in_required
def address_page() -> Response:
    """Shows the form, and the change that is waited for."""
    return _page("")


@blueprint.post("/account/address")
@signed_in_required
def ask_for_address() -> ResponseReturnValue:
    """Writes to both addresses; the answer does not tell whether the new one is somebody's already."""
    owner, email = signed_in_account(), request.form.get("email", "")
    try:
        with transaction(current_session()) as session:
            ask_for_change(session, owner, email, now=now())
    except Refusal as refusal:
        return _page(email, refusal)
    return redirect("/account/address", 303)


@blueprint.post("/account/address/withdrawal")
@signed_in_required
def take_address_back() -> ResponseReturnValue:
    """Drops the change that is waited for."""
    owner, at = signed_in_account(), now()
    with transaction(current_session()) as session:
        change = waiting_change(session, owner, now=at)
        if change is not None and change.moves_at is not None:
            refuse_move(session, change.reference, now=at)
        else:
            take_back(session, owner, now=at)
    return redirect("/account/address", 303)


def _page(email: str, refusal: Refusal | None = None) -> Response:
    owner = signed_in_account()
    change = waiting_change(current_session(), owner, now=now())
    page = render_template(
        "accounts/address.html",
        account=owner,
        email=email,
        change=change,
        until=(change.moves_at or change.created_at + LIFE) if change else None,
        errors={refusal.field or "": said(refusal)} if refusal else {},
    )
    response = personal(make_response(page, refusal.status if refusal else 200))
    if refusal and refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


@dataclass(frozen=True)
class Confirmation:
    """What the link of one of the two letters shows and does."""

    side: Side

    def show(self, session: Session, opened: Opened, *, action: str, now: datetime) -> str:
        change = change_by_reference(session, opened.reference)
        return render_template(
            "accounts/address_link.html",
            action=action,
            side=self.side,
            email=change.email,
            confirmed=is_confirmed(change, self.side),
            over=change.closed_at is not None and not is_done(change),
        )

    def act(self, session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> str | None:
        with transaction(session):
            confirm(session, opened.reference, self.side, current_app.extensions["address_moved"], now=now)
        # With the second confirmation the letters' links have died: what came of it stands on a page of its own.
        return "/account/address/changed" if is_done(change_by_reference(session, opened.reference)) else None


@blueprint.get("/account/address/changed")
def changed_page() -> Response:
    """Says that both have confirmed; names nobody, so that anybody may look."""
    return personal(make_response(render_template("accounts/address_changed.html")))


OLD_LINK = Purpose(life=LIFE, show=Confirmation("old").show, act=Confirmation("old").act)
NEW_LINK = Purpose(life=LIFE, show=Confirmation("new").show, act=Confirmation("new").act)
