"""Sections come from newsroom.toml, in its order, or from the first article that names one."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from membership.articles.sections import SectionName, all_sections, load
from membership.db import transaction
from membership.newsroom.toml import TomlError
from tests.articles.desk import bring_in_well, write


def test_sections_stand_in_the_newsroom_s_order(
    app: Flask, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    write(folder, section="Weather")
    bring_in_well(session, folder, media=media, now=now)
    table = [{"slug": "records", "name": "Public record"}, {"slug": "city", "name": "City"}]
    for order in (table, list(reversed(table))):
        with transaction(session):
            load(session, order, now=now)
        with app.app_context():
            expected = [SectionName(each["slug"], each["name"]) for each in order]
            assert all_sections() == (*expected, SectionName("weather", "Weather"))


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"slug": "a"}, "must be written as"),
        ([{"slug": "A B", "name": "x"}], "must be lower-case"),
        ([{"slug": "new", "name": "x"}], "not reserved"),
        ([{"slug": "a"}], "name must be a text"),
        ([{"slug": "a", "name": "x"}, {"slug": "a", "name": "y"}], "stands twice"),
    ],
)
def test_a_wrong_table_is_refused(session: Session, now: datetime, table: Any, what: str) -> None:
    with transaction(session), pytest.raises(TomlError, match=what):
        load(session, table, now=now)
