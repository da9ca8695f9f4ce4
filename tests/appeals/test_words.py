"""The words of the appeal are the newsroom's own; without any, it speaks all the same."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.appeals.words import current_words, load_appeal, load_coffee
from membership.db import transaction
from membership.newsroom.toml import TomlError
from tests.articles.desk import bring_in_well, write

APPEAL = {
    "heading": "The end. What next?",
    "paragraphs": ["You could close this page.", "A cup of coffee ({coffee}) a month."],
    "join_label": "Become a patron",
    "other_label": "other ways to support",
}


def load(session: Session, now: datetime, *, coffee: Mapping[str, Any] | None = None, **changes: object) -> None:
    with transaction(session):
        load_appeal(session, {**APPEAL, **changes}, now=now)
        if coffee is not None:
            load_coffee(session, coffee, now=now)


def paragraphs(app: Flask) -> tuple[str, ...]:
    with app.test_request_context():
        return current_words().paragraphs


@pytest.mark.parametrize(
    ("price", "shown"), [("3", "€3"), ("3.50", "€3.50"), ("10", "€10"), ("100.00", "€100"), ("1200", "€1,200")]
)
def test_the_coffee_has_the_newsroom_s_price(
    app: Flask, session: Session, now: datetime, price: str, shown: str
) -> None:
    load(session, now, coffee={"EUR": price, "JPY": "500"})
    assert paragraphs(app) == ("You could close this page.", f"A cup of coffee ({shown}) a month.")


def test_without_a_price_in_the_newsroom_s_currency_no_price_is_named(
    app: Flask, session: Session, now: datetime
) -> None:
    load(session, now, coffee={"JPY": "500"})
    assert paragraphs(app) == ("You could close this page.",)


def test_a_newsroom_without_words_has_an_appeal_too(app: Flask) -> None:
    with app.test_request_context():
        words = current_words()
    assert "close this page" in words.heading
    assert any("one cup of coffee a month" in each for each in words.paragraphs)
    assert any("vote on what we cover next" in each for each in words.paragraphs)
    assert (words.join_label, words.other_label) == ("Become a patron", "other ways to support")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"heading": ""}, "heading must be a text"),
        ({"paragraphs": []}, "must be 1 to 8 texts"),
        ({"paragraphs": ["x"] * 9}, "must be 1 to 8 texts"),
        ({"paragraphs": "x"}, "must be a list of texts"),
        ({"paragraphs": ["For {tea} a month"]}, "what can be filled is {coffee}"),
        ({"paragraphs": ["For {coffee a month"]}, "a placeholder is one name|expected '}'"),
        ({"join_label": 3}, "join_label must be a text"),
        ({"coffee": {"EUR": 3}}, "must be an amount as text"),
        ({"coffee": {"EUR": "0"}}, "must be more than 0"),
        ({"coffee": {"eur": "3"}}, "must be a currency's code"),
    ],
)
def test_wrong_words_are_refused_and_named(session: Session, now: datetime, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(TomlError, match=what):
        load(session, now, **changes)


def test_the_appeal_stands_under_every_article_and_alone(
    client: FlaskClient, session: Session, now: datetime, tmp_path: Path
) -> None:
    write(tmp_path / "articles", tags="[radio]", section="city")
    bring_in_well(session, tmp_path / "articles", media=tmp_path / "media", now=now)
    load(session, now, coffee={"EUR": "3"}, heading="Close <this> page?")
    page, fragment = client.get("/articles/bridge"), client.get("/articles/bridge/appeal")
    for answer in (page, fragment):
        assert "Close &lt;this&gt; page?" in answer.text
        assert '<a class="button big" href="/support?article=bridge">Become a patron</a>' in answer.text
        assert '<a href="/support/other-ways">other ways to support</a>' in answer.text
    assert "<html" not in fragment.text
