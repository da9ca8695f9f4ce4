"""The staff's page of tiers: what patrons get for what they give, in which order."""

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import select

from membership.accounts.login import role_required, signed_in_account
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session, transaction
from membership.errors import NotFound, Refusal
from membership.newsroom.words import current_newsroom
from membership.patrons.models import PLEDGE_CADENCES, Tier
from membership.patrons.tier_changes import archive_tier, change_tier, make_tier, move_tier, restore_tier
from membership.patrons.tier_form import (
    BENEFIT_LENGTH,
    KINDS,
    MOST_BENEFITS,
    NAME_LENGTH,
    TierForm,
    amount_field,
    checked,
    filled,
    typed,
)
from membership.patrons.tiers import TierAmounts, amounts_of
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said
from membership.web.slugs import is_slug

blueprint = Blueprint("staff_tiers", __name__, url_prefix="/staff/tiers")


@blueprint.get("")
@role_required("finance")
def tiers_page() -> Response:
    """Shows the tiers in their order, then the archived ones."""
    session = current_session()
    tiers = session.scalars(select(Tier).order_by(Tier.position, Tier.id)).all()
    page = render_template(
        "patrons/staff_tiers.html",
        staff_nav=staff_nav(),
        offered=[each for each in tiers if each.archived_at is None],
        archived=[each for each in tiers if each.archived_at is not None],
        amounts=amounts_of(session),
    )
    return personal(make_response(page))


@blueprint.get("/new")
@role_required("finance")
def new_page() -> Response:
    return _form_page(None, TierForm("", "", {}))


@blueprint.post("")
@role_required("finance")
def make() -> Response:
    """Makes a tier."""
    return _keep(None)


@blueprint.get("/<slug>")
@role_required("finance")
def tier_page(slug: str) -> Response:
    tier = _tier(slug)
    return _form_page(tier, filled(tier.name, tier.benefits, _amounts(tier)))


@blueprint.post("/<slug>")
@role_required("finance")
def change(slug: str) -> Response:
    """Names a tier anew, or sets what one gets and what it costs."""
    return _keep(_tier(slug))


@blueprint.post("/<slug>/position")
@role_required("finance")
def position(slug: str) -> Response:
    """Moves a tier up or down."""
    with transaction(current_session()) as session:
        move_tier(session, slug, request.form.get("direction", ""), by=signed_in_account().id, now=now())
    return _back()


@blueprint.post("/<slug>/archiving")
@role_required("finance")
def archiving(slug: str) -> Response:
    """Takes a tier out of what is offered."""
    with transaction(current_session()) as session:
        archive_tier(session, slug, by=signed_in_account().id, now=now())
    return _back()


@blueprint.post("/<slug>/restoration")
@role_required("finance")
def restoration(slug: str) -> Response:
    """Offers an archived tier again."""
    with transaction(current_session()) as session:
        restore_tier(session, slug, by=signed_in_account().id, now=now())
    return _back()


def _keep(tier: Tier | None) -> Response:
    currencies = current_newsroom().currencies
    form = typed(request.form, currencies)
    wish, errors = checked(form, currencies, _amounts(tier) if tier else {})
    if wish is None:
        return _form_page(tier, form, errors, status=422)
    try:
        with transaction(current_session()) as session:
            if tier is None:
                make_tier(session, wish, by=signed_in_account().id, now=now())
            else:
                change_tier(session, tier.slug, wish, by=signed_in_account().id, now=now())
    except Refusal as refusal:
        if refusal.field is None:
            raise
        return _form_page(tier, form, {refusal.field: said(refusal)}, status=refusal.status)
    return _back()


def _tier(slug: str) -> Tier:
    found = current_session().scalar(select(Tier).where(Tier.slug == slug)) if is_slug(slug) else None
    if found is None:
        raise NotFound("There is no such tier.")
    return found


def _amounts(tier: Tier) -> TierAmounts:
    return amounts_of(current_session(), tier.id).get(tier.id, {})


def _back() -> Response:
    return personal(make_response(redirect(url_for("staff_tiers.tiers_page"), 303)))


def _form_page(
    tier: Tier | None, form: TierForm, errors: Mapping[str, str] | None = None, *, status: int = 200
) -> Response:
    page = render_template(
        "patrons/staff_tier.html",
        staff_nav=staff_nav(),
        tier=tier,
        form=form,
        errors=errors or {},
        currencies=current_newsroom().currencies,
        cadences=PLEDGE_CADENCES,
        kinds=KINDS,
        amount_field=amount_field,
        name_length=NAME_LENGTH,
        benefit_length=BENEFIT_LENGTH,
        most_benefits=MOST_BENEFITS,
    )
    return personal(make_response(page, status))
