"""The places where giving is dangerous: what is wrong in their table is told where it is loaded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.newsroom.danger import Danger, Place, load_danger
from membership.newsroom.toml import TomlError
from membership.newsroom.words import kept

RUSSIA: Mapping[str, Any] = {"name": "Russia", "country": "RU"}


def test_places_are_kept_as_they_were_written(session: Session, now: datetime) -> None:
    table = {"places": [RUSSIA, {"name": "the occupied territories"}]}
    with transaction(session):
        load_danger(session, table, now=now)
    assert kept(session, "danger") == table


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"places": "Russia"}, r"places must be tables"),
        ({"places": [{"country": "RU"}]}, r"danger\.places\[1\]\] name must be a text"),
        ({"places": [RUSSIA, {"name": "X", "country": "ru"}]}, r"places\[2\]\] country must be two capital letters"),
        ({"places": [RUSSIA, RUSSIA]}, "name a country twice"),
        ({"places": [{"name": "Russia; and Belarus"}]}, "must be one line without a semicolon"),
        ({"places": [{"name": "Russia\nBelarus"}]}, "must be one line without a semicolon"),
        ({"places": [{"name": "the coast", "closed": "No."}]}, "closed needs a country"),
        ({"places": [{**RUSSIA, "close": "No."}]}, r"places\[1\]\.close is nothing that is read here"),
        ({"closd": "No."}, "closd is nothing that is read here"),
        ({"closed": 1}, "closed must be a text"),
    ],
)
def test_what_is_wrong_is_named(now: datetime, table: Mapping[str, Any], says: str) -> None:
    # A session without a database: nothing may be written.
    with pytest.raises(TomlError, match=says):
        load_danger(Session(), table, now=now)


@pytest.mark.parametrize(
    ("country", "found"),
    [("RU", "Russia"), ("UA", None), (None, None), ("", None)],
    ids=["listed", "not", "?", "empty"],
)
def test_a_place_is_found_by_its_country_alone(country: str | None, found: str | None) -> None:
    places = (Place("the coast", "", ""), Place("Russia", "RU", ""))
    place = Danger(places, "").place_of(country)
    assert (place.name if place else None) == found
