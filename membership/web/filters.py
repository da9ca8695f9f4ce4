"""How money and moments are written, in the page's language and the newsroom's zone."""

from datetime import UTC, date, datetime
from functools import lru_cache

from babel.core import Locale
from babel.dates import format_date, get_timezone_location
from babel.numbers import format_currency, get_currency_symbol
from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from membership.money import Money, decimals
from membership.web.current import zone


def init_app(app: Flask) -> None:
    """Gives templates the filters `money`, `day`, `month`, `moment`, `clock_time` and `iso`, and the global `when`."""
    for each in (money, day, month, moment, clock_time, iso):
        app.add_template_filter(each)
    app.add_template_global(when)


def money(amount: Money) -> str:
    """Writes an amount with its currency and all of its decimals: `€5.00`, `¥500`."""
    places = decimals(amount.currency)
    locale = _locale()
    # A symbol made of letters would run into the digits: UAH 150.00, but €5.00.
    gap = "\u00a0" if get_currency_symbol(amount.currency, locale).isalpha() else ""
    pattern = f"¤{gap}#,##0.{'0' * places}" if places else f"¤{gap}#,##0"
    return str(format_currency(amount.major, amount.currency, format=pattern, locale=locale, currency_digits=False))


def day(at: datetime | date) -> str:
    """Writes a day in the newsroom's zone: `22 November 2026`."""
    on = at.astimezone(zone()).date() if isinstance(at, datetime) else at
    return _day_written(on, _locale())


# The library reads the names of all months for each date; a page of articles has two dozen dates, mostly the same.
@lru_cache(maxsize=4096)
def _day_written(on: date, locale: Locale) -> str:
    return str(format_date(on, format="d MMMM y", locale=locale))


def month(on: date) -> str:
    """Writes the month of a day: `January 2027`."""
    return str(format_date(on, format="LLLL y", locale=_locale()))


def moment(at: datetime) -> str:
    """Writes a moment in the newsroom's zone, and names the zone: `22 November 2026, 14:02 Kyiv time`."""
    place = get_timezone_location(zone(), locale=_locale(), return_city=True)
    return str(_("%(day)s, %(time)s %(place)s time", day=day(at), time=clock_time(at), place=place))


def clock_time(at: datetime) -> str:
    """Writes what a clock in the newsroom's zone shows: `14:02`. For today alone."""
    return f"{at.astimezone(zone()):%H:%M}"


def iso(at: datetime | date) -> str:
    """Writes a moment as RFC 3339 in UTC, for machines."""
    if not isinstance(at, datetime):
        return at.isoformat()
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def when(at: datetime, form: str = "day", *, local: bool = False) -> Markup:
    """Writes a day or a moment as a `<time>` element; where it is `local`, a script adds the reader's own time."""
    written = day(at) if form == "day" else moment(at)
    # A page has a dozen of them, and Markup's own formatting takes longer than all the rest.
    return Markup(f'<time datetime="{iso(at)}"{" data-local" if local else ""}>{escape(written)}</time>')  # noqa: S704 - escaped


def _locale() -> Locale:
    return get_locale() or Locale("en")
