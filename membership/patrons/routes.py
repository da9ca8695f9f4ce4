"""The patron's own pages."""

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from membership.accounts.login import signed_in_account, signed_in_required
from membership.db import current_session, transaction
from membership.patrons.duplicates import choose, questions_of
from membership.patrons.giving import pledge_of
from membership.patrons.own_payment_list import payments_of
from membership.patrons.stopping import REASONS, resume, stop
from membership.patrons.tiers import current_tiers
from membership.payments.mirror import current_mirror
from membership.payments.refunding import Asker
from membership.web.caching import personal
from membership.web.current import now

blueprint = Blueprint("patrons", __name__)

NEWEST, A_PAGE = 12, 60


@blueprint.get("/account")
@signed_in_required
def account() -> Response:
    session, owner = current_session(), signed_in_account()
    page = render_template(
        "patrons/account.html",
        account=owner,
        pledge=pledge_of(session, owner.id, current_tiers(), now=now()),
        questions=questions_of(session, owner.id),
        # A year of monthly ones; what is older must not stand between the patron and the rest of the page.
        listed=payments_of(session, owner.id, most=NEWEST),
        # Topics and rounds stand a floor above: what this page says of them comes through wiring.
        round=current_app.extensions["ballot_of"](session, owner.id, now=now()),
        proposals=current_app.extensions["proposals_of"](session, owner.id),
    )
    return personal(make_response(page))


@blueprint.get("/account/payments")
@signed_in_required
def payments() -> Response:
    """Shows all payments with their receipts, page by page; `before` is the reference that the page before ended on."""
    session, owner, before = current_session(), signed_in_account(), request.args.get("before")
    listed = payments_of(session, owner.id, most=A_PAGE, before=before)
    page = render_template("patrons/payments.html", listed=listed, is_first=before is None)
    return personal(make_response(page))


@blueprint.get("/account/pledge/cancellation")
@signed_in_required
def stopping() -> ResponseReturnValue:
    """Shows what stopping means, with its button; what else one could do stands below it."""
    session, owner = current_session(), signed_in_account()
    pledge = pledge_of(session, owner.id, current_tiers(), now=now())
    if pledge is None or pledge.state in ("ending", "ended"):
        return redirect("/account", 303)
    return personal(make_response(render_template("patrons/cancellation.html", pledge=pledge, reasons=REASONS)))


@blueprint.post("/account/pledge/cancellation")
@signed_in_required
def cancellation() -> ResponseReturnValue:
    reason = request.form.get("reason") or None
    stop(current_session(), current_mirror(), signed_in_account().id, reason=reason)
    return redirect("/account", 303)


@blueprint.post("/account/pledge/resumption")
@signed_in_required
def resumption() -> ResponseReturnValue:
    resume(current_session(), current_mirror(), signed_in_account().id)
    return redirect("/account", 303)


@blueprint.post("/account/pledge/duplicate")
@signed_in_required
def duplicate() -> ResponseReturnValue:
    """Settles which of two pledges goes on."""
    owner, form = signed_in_account(), request.form
    by = Asker("patron", owner.id)
    with transaction(current_session()) as session:
        choose(session, owner.id, form.get("reference", ""), form.get("choice", ""), by=by, now=now())
    return redirect("/account", 303)
