"""Where giving to the newsroom is dangerous, and where it is closed: loaded from newsroom.toml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.newsroom.toml import Reading, Table
from membership.newsroom.words import keep, kept

# ISO 3166-1 alpha-2, as proxies write it.
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


@dataclass(frozen=True)
class Place:
    """A place where a donation can be prosecuted. `country` is empty where a place is no country of its own.

    `closed` is the reason why nobody gives from there; empty: one may.
    """

    name: str
    country: str
    closed: str


@dataclass(frozen=True)
class Danger:
    """All such places, in the newsroom's order. `closed` is the reason why nobody gives at all; empty: one may."""

    places: tuple[Place, ...]
    closed: str

    def place_of(self, country: str | None) -> Place | None:
        """Returns the place that a country is; `None` if it is not dangerous, or unknown."""
        return next((place for place in self.places if place.country and place.country == country), None)


def load_danger(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps `[danger]`; raises `TomlError` with all that is wrong in it."""
    reading = Reading("danger")
    _read(table, reading)
    reading.finish()
    keep(session, "danger", table, now=now)


def _from_row(session: Session) -> Danger:
    return _read(kept(session, "danger") or {}, Reading("danger"))


current_danger = Remembered(_from_row)


def _read(table: Table, reading: Reading) -> Danger:
    listed = table.get("places", [])
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        reading.problem("places", "must be tables [[danger.places]]")
        listed = []
    for name in sorted(set(table) - {"places", "closed"}):
        reading.problem(name, "is nothing that is read here")
    places = tuple(_place(each, f"places[{number}]", reading) for number, each in enumerate(listed, start=1))
    countries = [place.country for place in places if place.country]
    if len(countries) != len(set(countries)):
        reading.problem("places", "name a country twice")
    return Danger(places, reading.text(table, "closed", default=""))


def _place(values: Mapping[str, Any], where: str, reading: Reading) -> Place:
    for name in sorted(set(values) - {"name", "country", "closed"}):
        reading.problem(f"{where}.{name}", "is nothing that is read here")
    read = Reading(f"{reading.table}.{where}", reading.problems)
    place = Place(
        name=read.text(values, "name", longest=80),
        country=read.text(values, "country", longest=2, default=""),
        closed=" ".join(read.text(values, "closed", default="").split()),
    )
    if ";" in place.name or not place.name.isprintable():
        read.problem("name", "must be one line without a semicolon")
    if place.country and not _COUNTRY.fullmatch(place.country):
        read.problem("country", "must be two capital letters like UA")
    if place.closed and not place.country:
        read.problem("closed", "needs a country: from where a request comes is known by country only")
    return place
