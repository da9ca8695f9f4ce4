"""Another amount for a pledge, now or with another cadence: what it would come to, and then the change itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from membership.accounts.login import signed_in_account, signed_in_required
from membership.db import current_session, release
from membership.errors import Refusal
from membership.money import Money, parse_amount
from membership.patrons.change_view import owned_pledge
from membership.patrons.changing import (
    change_amount,
    change_cadence,
    may_change_cadence,
    preview_amount,
    require_currency,
)
from membership.patrons.models import Pledge
from membership.patrons.next_charge import MONTHS, NextCharge, becoming, next_charge
from membership.payments.mirror import current_mirror
from membership.support.closing import closed_here, danger_line, refuse_if_closed
from membership.support.form import in_bounds
from membership.support.words import current_amounts
from membership.web.caching import personal
from membership.web.errors import said

blueprint = Blueprint("amount_change", __name__)

AMOUNT, CADENCE = "/account/changes/amount", "/account/changes/cadence"


@dataclass(frozen=True)
class AmountChange:
    """The form at `path`, as typed, and what came of it. `cadence`: how often the amount is to be paid.

    `comes` is the charge that would be the next one.
    """

    path: str
    pledge: Pledge
    cadence: str
    typed: str
    now: NextCharge | None
    scheduled: NextCharge | None
    comes: NextCharge | None = None


@blueprint.get(AMOUNT)
@signed_in_required
def amount() -> ResponseReturnValue:
    """Shows the form, or with an amount what it would come to; nothing is changed."""
    pledge = _owned()
    change = _change(AMOUNT, pledge, pledge.cadence, pledge.amount)
    if "amount" not in request.args:
        return _page(change)
    return _answered(change, request.args["amount"], lambda wish: _page(_at_once(change, wish)))


@blueprint.post(AMOUNT)
@signed_in_required
def amount_chosen() -> ResponseReturnValue:
    """Changes what the next charges take."""
    owner, pledge = signed_in_account().id, _owned()

    def act(wish: Money) -> ResponseReturnValue:
        change_amount(current_session(), current_mirror(), owner, wish)
        return redirect("/account", 303)

    return _answered(_change(AMOUNT, pledge, pledge.cadence, pledge.amount), request.form.get("amount", ""), act)


@blueprint.get(CADENCE)
@signed_in_required
def cadence() -> ResponseReturnValue:
    """Shows what the other cadence would come to; without an amount, with as much a year as now."""
    pledge = _owned()
    change = _of_other_cadence(pledge)
    may_change_cadence(pledge, change.cadence)
    if "amount" not in request.args:
        return _page(change)
    return _answered(change, request.args["amount"], lambda wish: _page(_at_period_end(change, wish)))


@blueprint.post(CADENCE)
@signed_in_required
def cadence_chosen() -> ResponseReturnValue:
    """Schedules the other cadence for the end of the paid period."""
    owner, wanted = signed_in_account().id, request.form.get("cadence", "")

    def act(wish: Money) -> ResponseReturnValue:
        change_cadence(current_session(), current_mirror(), owner, wish, wanted)
        return redirect("/account", 303)

    return _answered(_of_other_cadence(_owned()), request.form.get("amount", ""), act)


def _owned() -> Pledge:
    pledge = owned_pledge(current_session(), signed_in_account().id)
    release(current_session())
    return pledge


def _of_other_cadence(pledge: Pledge) -> AmountChange:
    other = "year" if pledge.cadence == "month" else "month"
    # As much a year as now, to the next whole minor unit, or to the one before where nothing more may be given; its
    # owner may write anything else.
    minor, rest = divmod(pledge.amount.minor * MONTHS[other], MONTHS[pledge.cadence])
    prefilled = minor if closed_here() else minor + bool(rest)
    return _change(CADENCE, pledge, other, Money(prefilled, pledge.amount.currency))


def _change(path: str, pledge: Pledge, cadence: str, prefilled: Money) -> AmountChange:
    return AmountChange(path, pledge, cadence, prefilled.plain(), next_charge(pledge), becoming(pledge))


def _answered(change: AmountChange, typed: str, act: Callable[[Money], ResponseReturnValue]) -> ResponseReturnValue:
    """Acts on what was typed; what cannot be taken comes back with the form."""
    try:
        return act(_wish(change, typed))
    except Refusal as refusal:
        if refusal.status != Refusal.status:
            raise
        return _page(replace(change, typed=typed[:40]), said(refusal))


def _wish(change: AmountChange, typed: str) -> Money:
    pledge = change.pledge
    require_currency(pledge, request.values.get("currency", pledge.amount.currency))
    amount = parse_amount(typed, pledge.amount.currency)
    bounds = current_amounts().get(amount.currency)
    # A currency that is no longer taken has no bounds; Stripe knows its own.
    amount = in_bounds(amount, bounds) if bounds else amount
    if amount.minor * MONTHS[pledge.cadence] > pledge.amount.minor * MONTHS[change.cadence]:
        refuse_if_closed()
    return amount


def _at_once(change: AmountChange, wish: Money) -> AmountChange:
    seen = preview_amount(current_mirror(), change.pledge, wish)
    # What Stripe says is due; but of a charge that is left out it says nothing.
    at = change.now.at if change.now else change.pledge.period_end_at
    return _with(change, wish, NextCharge(at, seen.amount if seen else wish, change.cadence))


def _at_period_end(change: AmountChange, wish: Money) -> AmountChange:
    return _with(change, wish, NextCharge(change.pledge.period_end_at, wish, change.cadence))


def _with(change: AmountChange, wish: Money, comes: NextCharge) -> AmountChange:
    return replace(change, typed=wish.plain(), comes=comes)


def _page(change: AmountChange, error: str = "") -> Response:
    page = render_template("support/amount_change.html", change=change, error=error, danger=danger_line())
    return personal(make_response(page, 422 if error else 200))
