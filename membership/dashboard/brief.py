"""How the tables of the staff write moments: short, in the newsroom's zone, which the page names once at its top."""

from datetime import datetime

from babel.dates import format_date, format_datetime
from flask_babel import get_locale
from markupsafe import Markup

from membership.dashboard.month import Span
from membership.web.current import zone
from membership.web.filters import iso


def brief(at: datetime) -> Markup:
    """Writes a moment as a `<time>` element: `22 Nov 2026, 14:02`."""
    text = format_datetime(at.astimezone(zone()), "d MMM y, HH:mm", locale=get_locale())
    return Markup('<time datetime="{}">{}</time>').format(iso(at), text)


def name_of(month: Span) -> str:
    """Writes the name of a month: `November 2026`."""
    return str(format_date(month.first_on, "LLLL y", locale=get_locale()))
