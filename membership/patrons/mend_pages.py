"""Behind the link of a letter about a renewal that failed: leads to Stripe's own pages, without signing in."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import render_template, request
from sqlalchemy.orm import Session

from membership.accounts.links import Opened, Purpose
from membership.db import release, transaction
from membership.errors import NotFound
from membership.newsroom.words import current_newsroom
from membership.patrons.failing import (
    AUTHENTICATION,
    INSUFFICIENT,
    comes_again,
    has_new_card,
    kind_of,
    note_act,
    open_failure,
)
from membership.patrons.failing_words import happened, title_of, what_comes
from membership.patrons.models import FailedRenewal, Pledge
from membership.patrons.pledges import pledge_by_reference
from membership.patrons.stopping import AWAY, away
from membership.payments.gateway import GoneAtStripe
from membership.payments.mirror import current_mirror
from membership.payments.models import Payer
from membership.web.current import current_settings

LIFE = timedelta(days=30)
# What the form says for another card; everything else pays what is open.
CARD = "card"


def show(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders what failed and how to mend it, or that there is nothing to mend."""
    pledge = owned(session, opened)
    failed = _to_mend(session, pledge)
    return render_template(
        "patrons/mend.html",
        pledge=pledge,
        action=action,
        failed=failed,
        title=title_of(failed, pledge) if failed else "",
        told=(happened(failed, pledge), what_comes(failed)) if failed else (),
        has_new_card=failed is not None and has_new_card(session, failed),
        asks_for_card=failed is not None and _asks_for_card(failed),
    )


def act(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> str | None:
    """Returns the address of Stripe's page: for another card, or for the open invoice; `None` if nothing is open.

    Raises `Unavailable` if Stripe is away.
    """
    pledge = owned(session, opened)
    failed = _to_mend(session, pledge)
    customer = session.get_one(Payer, pledge.payer_id).stripe_customer
    release(session)
    if failed is None:
        return None
    gateway = current_mirror().gateway
    try:
        if form.get("way") == CARD and customer is not None:
            back = current_settings().base_url + request.path
            place: str | None = gateway.card_page(customer, return_url=back, language=current_newsroom().language)
        else:
            place = gateway.invoice(failed.invoice).hosted_url
    except (*AWAY, GoneAtStripe) as error:
        raise away() from error
    with transaction(session):
        note_act(session, pledge, now=now)
    return place


def _asks_for_card(failed: FailedRenewal) -> bool:
    # Another card mends it only if the bank is asked with it; else what is open is to be paid on its own page.
    return kind_of(failed) not in (AUTHENTICATION, INSUFFICIENT) and comes_again(failed)


def owned(session: Session, opened: Opened) -> Pledge:
    """Returns the pledge that a link is about. Raises `NotFound` if it is not of the account that the link was for."""
    pledge = pledge_by_reference(session, opened.reference)
    if pledge is None or opened.account is None or pledge.account_id != opened.account.id:
        raise NotFound("There is no such pledge here.")
    return pledge


def _to_mend(session: Session, pledge: Pledge) -> FailedRenewal | None:
    return open_failure(session, pledge.id) if pledge.live and pledge.ended_at is None else None


LINK = Purpose(life=LIFE, show=show, act=act)
