"""The pages where one gives."""

from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.login import current_account
from membership.db import current_session, transaction
from membership.newsroom.words import current_newsroom
from membership.patrons.who import standing_of
from membership.payments.alarms import raise_alarm
from membership.payments.attempts import Wish
from membership.payments.checking_out import Pages, check_out
from membership.payments.gateway import current_gateway
from membership.payments.limits import SAYINGS, Braked, Limits
from membership.support.again import JustGiven, given_just_now
from membership.support.closing import closed_everywhere, closed_here, closed_page, danger_line
from membership.support.form import Typed, checked, first_shown, typed
from membership.support.own_attempt import own_attempt, remember_attempt
from membership.support.page import around, offers
from membership.support.thanks import again_href
from membership.support.words import current_other_ways
from membership.web.caching import personal, public
from membership.web.current import current_clock, current_settings, now
from membership.web.network import network_key
from membership.web.signing import BadSignature, fresh_token, hashed, unsign

TOKEN = "support"  # noqa: S105 - the purpose of the token, not the token
TOKEN_LIFE = timedelta(hours=24)

blueprint = Blueprint("support", __name__)


@blueprint.get("/support")
def support() -> Response:
    closed = closed_here()
    if closed is not None:
        return closed_page(closed)
    form = first_shown(request.args, offers(), fresh_token(TOKEN, now=now()))
    account = current_account()
    return _form_page(replace(form, email=account.email) if account else form)


@blueprint.post("/support/checkout")
def checkout() -> ResponseReturnValue:
    closed = closed_here()
    if closed is not None:
        return closed_page(closed, is_refused=True)
    form, session, at = typed(request.form), current_session(), now()
    account = current_account()
    wish, errors = checked(
        form, offers(), account, language=current_newsroom().language, network_key=network_key(now=at)
    )
    try:
        token = unsign(TOKEN, form.token, life=TOKEN_LIFE, now=at)
    except BadSignature:
        form = replace(form, token=fresh_token(TOKEN, now=at))
        errors[""] = _(
            "This form had been open for too long. Nothing was taken. Please look it over and send it again."
        )
    if errors or wish is None:
        return _form_page(form, errors, status=422)
    if account is not None and _has_pledge_already(wish):
        return redirect("/account", 303)
    given = given_just_now(session, wish, own_attempt(now=at), hashed(token), now=at)
    if given is not None and "again" not in request.form:
        return _again_page(form, wish, given)
    limits = Limits(*current_settings().attempts_an_hour)
    try:
        place = check_out(
            session, current_gateway(), hashed(token), wish, limits=limits, pages=_pages(), clock=current_clock()
        )
    except Braked as refusal:
        return _too_many_page(wish, refusal)
    return remember_attempt(make_response(redirect(place.href, 303)), place.attempt, now=at)


@blueprint.get("/support/other-ways")
def other_ways() -> Response:
    page = render_template(
        "support/other_ways.html",
        ways=current_other_ways(),
        share_url=f"{current_settings().base_url}/",
        danger=danger_line(for_everyone=True),
        closed=closed_everywhere(),
    )
    return public(make_response(page), now=now())


def _form_page(form: Typed, errors: dict[str, str] | None = None, *, status: int = 200) -> Response:
    page = render_template("support/support.html", **around(form, errors or {}, now=now()))
    return personal(make_response(page, status))


def _too_many_page(wish: Wish, refusal: Braked) -> Response:
    with transaction(current_session()) as session:
        raise_alarm(session, refusal.cause, str(SAYINGS[refusal.cause]), now=now())
    page = render_template("support/too_many.html", minutes=refusal.values["minutes"], again_href=again_href(wish))
    response = personal(make_response(page, refusal.status))
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _again_page(form: Typed, wish: Wish, given: JustGiven) -> Response:
    page = render_template("support/again.html", form=form, amount=wish.amount, given=given, danger=danger_line())
    return personal(make_response(page, 409))


def _has_pledge_already(wish: Wish) -> bool:
    if wish.cadence == "once" or wish.account_id is None:
        return False
    # Whose card failed for good may come back; whoever still stands is led to the pledge there is.
    return standing_of(current_session(), wish.account_id, now=now()).is_patron


def _pages() -> Pages:
    base_url = current_settings().base_url
    return Pages(
        thanks=lambda reference: f"{base_url}/support/thanks/{reference}",
        back=lambda attempt: base_url + again_href(attempt),
    )
