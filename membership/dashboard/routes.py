"""The staff's entrance: today's figures for finance and admin; editors go on to their topics."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template
from sqlalchemy.orm import Session

from membership.accounts.login import role_required
from membership.accounts.staff_nav import staff_nav
from membership.dashboard.attention import to_look_at
from membership.dashboard.books import books
from membership.dashboard.brief import brief, name_of
from membership.dashboard.figures import money_figures, patron_figures
from membership.dashboard.month import day_of, month_of
from membership.dashboard.month_money import money_of
from membership.dashboard.patronage import came, promises, went
from membership.dashboard.recent import came_in, newest, waiting
from membership.db import current_session
from membership.web.caching import personal
from membership.web.current import now, zone

blueprint = Blueprint("dashboard", __name__)


# Without strict slashes nobody is sent from one address to the other, which would tell that there is something here.
@blueprint.get("/staff/", strict_slashes=False)
@role_required("finance", "editor")
def today_page() -> Response:
    """Shows the figures to finance and admin. Editors never see money: they are sent to the topics."""
    nav = staff_nav()
    if not any(is_here for _address, _name, is_here in nav):
        return personal(make_response(redirect(nav[0][0], 303)))
    page = render_template("dashboard/today.html", staff_nav=nav, **_today(current_session(), now=now()))
    return personal(make_response(page))


def _today(session: Session, *, now: datetime) -> dict[str, Any]:
    month, day = month_of(now, zone()), day_of(now, zone())
    money, promised = money_of(session, month), promises(session, now=now)
    new, lost = came(session, month), went(session, month)
    last, pending, stand = newest(session), waiting(session), books(session, now=now)
    return {
        "now": now,
        "brief": brief,
        "month": name_of(month),
        "is_empty": not (last or pending.count or money.ours or money.foreign),
        "attention": to_look_at(session, now=now),
        "money": money,
        "money_figures": money_figures(money.currencies),
        "patron_figures": patron_figures(promised, new, lost),
        "rows": {"promises": promised, "came": new.rows, "went": lost.rows},
        "came_in": came_in(session, day),
        "newest": last,
        "waiting": pending,
        "books": stand,
        "books_are_well": stand.are_well(now=now),
    }
