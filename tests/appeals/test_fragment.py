"""The fragment: what fits what a browser says of itself, asked near the end of an article and kept by nobody."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database
from tests.articles.desk import bring_in_well, write
from tests.topics.people import opened

ADDRESS = "/articles/bridge/appeal"
ASK, QUIET = "Not now", "Thank you for reading."


@pytest.fixture(autouse=True)
def _article(session: Session, tmp_path: Path, now: datetime) -> None:
    write(tmp_path / "articles")
    bring_in_well(session, tmp_path / "articles", media=tmp_path / "media", now=now)


def test_the_page_asks_and_only_the_fragment_takes_a_no(client: FlaskClient) -> None:
    page, fragment = client.get("/articles/bridge").text, client.get(ADDRESS).text
    assert f'data-fragment="{ADDRESS}"' in page
    assert re.search(r'<script src="/static/appeal\.js\?v=\w+" defer></script>', page)
    assert ASK not in page
    assert "this browser counts" not in page
    assert "data-fragment" not in fragment
    assert ASK in fragment
    assert "at most 4 times a month" in fragment
    assert "We do not know who you are: this browser counts, we do not." in fragment


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", ASK),
        ("read=12&seen=3&not_now=0", ASK),
        ("read=12&seen=4&not_now=0", QUIET),
        ("read=1&seen=9999&not_now=0", QUIET),
        ("read=0&seen=0&not_now=1", "You said “not now”"),
        ("read=0&seen=4&not_now=1", "You said “not now”"),
        ("seen=4.5", ASK),
        ("seen=-4", ASK),
        ("seen=%D9%A4", ASK),
        ("seen=" + "9" * 5000, ASK),
        ("seen=many&read=&not_now=yes", ASK),
    ],
)
def test_a_fragment_fits_the_numbers_and_bad_ones_are_none(client: FlaskClient, query: str, said: str) -> None:
    answer = client.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200
    assert said in answer.text
    assert (ASK in answer.text) == (said == ASK)
    assert ("Thank you for reading." in answer.text) == (said != ASK)
    assert answer.text.count('id="appeal"') == 1


@pytest.mark.parametrize("query", ["", "seen=4", "not_now=1"])
def test_a_fragment_is_kept_by_nobody_and_asks_about_nobody(client: FlaskClient, query: str) -> None:
    statements: list[str] = []
    engine = client.application.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    client.set_cookie("session", "abc")
    answer = client.get(f"{ADDRESS}?{query}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert not [each for each in statements if re.search(r"\b(accounts|sessions|staff_roles)\b", each)]


def test_an_appeal_names_the_open_ballot_and_promises_a_vote_only_while_one_may_join(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    before = [client.get(path).text for path in ("/", "/articles/bridge", ADDRESS)]
    assert not [text for text in before if "Open vote" in text]
    round_ = opened(database, now=clock.now())
    for moment, named, promised in (
        (clock.now(), True, True),
        (round_.joins_until - timedelta(seconds=1), True, True),
        (round_.joins_until, True, False),
        (round_.closes_at - timedelta(seconds=1), True, False),
        (round_.closes_at, False, False),
    ):
        clock.advance(moment - clock.now())
        for path in ("/articles/bridge", ADDRESS):
            text = client.get(path).text
            assert (f'<a href="/rounds/{round_.slug}">Winter energy</a>' in text) == named
            assert ("vote today" in text) == promised
        front = client.get("/").text
        assert (f'<a href="/rounds/{round_.slug}">Winter energy</a>' in front) == named
        assert "vote today" not in front


def test_pages_that_name_a_ballot_are_kept_no_longer_than_it_stands(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.now())
    for change in (round_.joins_until, round_.closes_at):
        clock.advance(change - clock.now() - timedelta(seconds=10))
        for path in ("/", "/articles/bridge", "/topics"):
            assert client.get(path).headers["Cache-Control"] == "public, max-age=0, s-maxage=10"
        clock.advance(timedelta(seconds=10))
    assert "s-maxage=60" in client.get("/articles/bridge").headers["Cache-Control"]
