"""The staff's page of danger: where giving is risky, and whether it is closed; nobody needs the machine for that."""

import re
from collections.abc import Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.audit import record
from membership.accounts.login import role_required, signed_in_account
from membership.accounts.staff_nav import staff_nav
from membership.db import current_session, transaction
from membership.newsroom.danger import Danger, current_danger, load_danger
from membership.newsroom.toml import TomlError
from membership.payments.checking_out import close_open_pages
from membership.web.caching import personal
from membership.web.current import now

_OF_PLACE = re.compile(r"\[danger\.places\[(\d+)\]\] ")

blueprint = Blueprint("danger", __name__, url_prefix="/staff/danger")


@blueprint.get("")
@role_required("finance")
def danger_page() -> Response:
    """Shows what is kept."""
    danger = current_danger()
    return _page(danger.closed, _written(danger), {})


@blueprint.post("")
@role_required("finance")
def keep_danger() -> ResponseReturnValue:
    """Keeps places and reasons; all pages say so from the next moment on."""
    closed, places = (request.form.get(name, "").strip() for name in ("closed", "places"))
    by, at = signed_in_account().id, now()
    try:
        with transaction(current_session()) as session:
            load_danger(session, {"closed": closed, "places": _read(places)}, now=at)
            if closed:
                close_open_pages(session, now=at)
            record(session, "changed where giving is dangerous", "newsroom", "danger", actor_id=by, now=at)
    except TomlError as error:
        return _page(closed, places, _told(str(error)))
    return redirect("/staff/danger", 303)


def _read(places: str) -> list[dict[str, str]]:
    """Reads one place a line: its name, its country, why giving is closed there; empty lines are passed over."""
    return [_place(*map(str.strip, line.split(";", 2))) for line in places.splitlines() if line.strip()]


def _place(name: str, country: str = "", closed: str = "") -> dict[str, str]:
    return {"name": name, "country": country.upper(), "closed": closed}


def _written(danger: Danger) -> str:
    rows = ((place.name, place.country, place.closed) for place in danger.places)
    return "\n".join("; ".join(row).rstrip("; ") for row in rows)


def _told(problems: str) -> Mapping[str, str]:
    """Names what is wrong, under the field in which it stands."""
    errors: dict[str, str] = {}
    for problem in problems.splitlines():
        line = _OF_PLACE.match(problem)
        if line is not None:
            problem = _("Place %(number)s: %(what)s.", number=line[1], what=problem[line.end() :])
        field = "closed" if problem.startswith("[danger] closed") else "places"
        errors.setdefault(field, problem.removeprefix("[danger] "))
    return errors


def _page(closed: str, places: str, errors: Mapping[str, str]) -> Response:
    page = render_template(
        "support/staff_danger.html", staff_nav=staff_nav(), closed=closed, places=places, errors=errors
    )
    return personal(make_response(page, 422 if errors else 200))
