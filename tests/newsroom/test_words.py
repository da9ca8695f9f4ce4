"""The newsroom's own words: what is wrong in them is told where they are loaded."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.mailbox import Mailbox
from membership.newsroom.toml import TomlError
from membership.newsroom.words import UNNAMED, Newsroom, kept, load
from membership.settings import ROOT


@pytest.fixture(scope="module")
def words() -> Mapping[str, Any]:
    table: Mapping[str, Any] = tomllib.loads((ROOT / "membership/demo/newsroom.toml").read_text("utf-8"))["newsroom"]
    return table


def test_the_one_who_reads_answers_is_a_name_and_an_address() -> None:
    found = Newsroom(**{**UNNAMED.__dict__, "reply_to_name": "Olena, the editor", "reply_to_email": "o@example.org"})
    assert found.reply_to == Mailbox("Olena, the editor", "o@example.org")


def test_a_name_with_a_comma_is_loaded(session: Session, words: Mapping[str, Any], now: datetime) -> None:
    with transaction(session):
        load(session, {**words, "reply_to_name": "Olena, the editor; (news)"}, now=now)
    row = kept(session, "newsroom")
    assert row is not None
    assert row["reply_to_name"] == "Olena, the editor; (news)"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reply_to_email", "@"),
        ("reply_to_email", "olena@"),
        ("reply_to_email", "olena@example"),
        ("reply_to_email", "Olena <olena@example.org>"),
        ("reply_to_email", "a@example.org, b@example.org"),
        ("reply_to_email", "олена@example.org"),
        ("reply_to_email", "a" * 65 + "@example.org"),
        ("reply_to_name", "Olena\nBcc: b@example.org"),
    ],
)
def test_where_no_answer_could_go_is_told_and_nothing_is_loaded(
    session: Session, words: Mapping[str, Any], now: datetime, field: str, value: str
) -> None:
    with pytest.raises(TomlError, match=field), transaction(session):
        load(session, {**words, field: value}, now=now)
    assert kept(session, "newsroom") is None
