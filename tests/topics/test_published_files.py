"""The two files from which anyone can count a round again."""

import csv
import io

import pytest
from flask.testing import FlaskClient

from membership.clock import SteppedClock
from membership.db import Database
from tests.topics.counted import FERRY, GRID, RUBBLE, counted
from tests.topics.people import opened

ROUND = "/rounds/winter-energy"
FILES = ("ballots.csv", "topics.csv")
FIVE = ((GRID, RUBBLE), (GRID, RUBBLE), (GRID,), (GRID,), (FERRY,))


def _rows(client: FlaskClient, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(f"{ROUND}/{name}").text)))


def test_each_ballot_is_a_line_under_its_code(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    made = counted(database, clock, *FIVE)
    rows = _rows(client, "ballots.csv")
    assert list(rows[0]) == ["receipt", "choices"]
    assert [row["receipt"] for row in rows] == sorted(made.codes)
    assert {row["receipt"]: row["choices"] for row in rows} == {
        code: " ".join(sorted(choices)) for code, choices in zip(made.codes, FIVE, strict=True)
    }


def test_each_topic_is_a_line_with_all_that_decides(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    counted(database, clock, *FIVE, dangerous=GRID)
    rows = _rows(client, "topics.csv")
    columns = ["round", "winners", "slug", "title", "proposed_at", "can_win", "votes", "rank", "chosen"]
    assert list(rows[0]) == columns
    assert [(row["slug"], row["can_win"], row["votes"], row["rank"], row["chosen"]) for row in rows] == [
        (GRID, "no", "4", "1", "no"),
        (RUBBLE, "yes", "2", "2", "yes"),
        (FERRY, "yes", "1", "3", "no"),
    ]
    assert {(row["round"], row["winners"]) for row in rows} == {("winter-energy", "1")}
    assert rows[1]["proposed_at"] == "2026-11-22T12:01:00.000000Z"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_no_title_is_a_formula_to_who_opens_the_file_in_a_spreadsheet(
    client: FlaskClient, database: Database, clock: SteppedClock, sign: str
) -> None:
    title = f'{sign}HYPERLINK("https://example.org", "Win"), quickly'
    counted(database, clock, *[(RUBBLE,)] * 5, titles=(title, "Where does the rubble go?"))
    rows = _rows(client, "topics.csv")
    assert [row["title"] for row in rows] == ["Where does the rubble go?", f"'{title}"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_public_and_named_after_its_round(
    client: FlaskClient, database: Database, clock: SteppedClock, name: str
) -> None:
    counted(database, clock, *FIVE)
    answer = client.get(f"{ROUND}/{name}")
    assert answer.headers["Cache-Control"].startswith("public")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="winter-energy-{name}"'


@pytest.mark.parametrize("name", FILES)
def test_before_the_close_there_is_no_file(
    client: FlaskClient, database: Database, clock: SteppedClock, name: str
) -> None:
    opened(database, now=clock.at)
    answer = client.get(f"{ROUND}/{name}")
    assert answer.status_code == 404
    assert "after its close" in answer.text


@pytest.mark.parametrize("name", FILES)
def test_under_five_ballots_there_is_no_file(
    client: FlaskClient, database: Database, clock: SteppedClock, name: str
) -> None:
    counted(database, clock, *FIVE[:4])
    answer = client.get(f"{ROUND}/{name}")
    assert answer.status_code == 404
    assert "Fewer than 5 ballots" in answer.text
