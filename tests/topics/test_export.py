"""A round as data: all of it once closed, nothing of it before."""

import csv
import io
import json

import pytest
from flask import Flask

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.calling_off import call_off
from membership.topics.export import as_csv, as_json, export
from membership.topics.keeping import close_due
from membership.topics.models import Round
from membership.topics.tally import Contender, tally
from tests.topics.counted import counted
from tests.topics.people import opened, patrons, reread, vote, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
FIELDS = ["round", "roll_size", "roll_hash", "turnout", "voided", "results", "ballots"]


def _round(database: Database, clock: SteppedClock, votes: int, *, is_closed: bool) -> Round:
    voters = patrons(database, votes, now=clock.at)
    round_ = opened(database, now=clock.at)
    for number, voter in enumerate(voters):
        vote(database, round_, voter, *((GRID, FERRY) if number % 2 else (GRID,)), clock=clock)
    if is_closed:
        clock.at = round_.closes_at
        close_due(database, clock)
    return reread(database, round_)


def test_a_closed_round_can_be_counted_again_from_its_export(database: Database, clock: SteppedClock) -> None:
    round_ = _round(database, clock, 6, is_closed=True)
    with database.session() as session:
        content = json.loads(as_json(export(session, round_)))
    assert list(content) == FIELDS
    assert (content["round"], content["roll_size"], content["turnout"], content["voided"]) == ("winter-energy", 9, 6, 0)
    assert content["roll_hash"] == round_.roll_hash_final
    assert content["results"] == [
        {"topic": GRID, "votes": 6, "rank": 1},
        {"topic": FERRY, "votes": 3, "rank": 2},
        {"topic": RUBBLE, "votes": 0, "rank": 3},
    ]
    contenders = [Contender(topic, clock.at) for topic in (GRID, RUBBLE, FERRY)]
    recount = tally(content["round"], contenders, [ballot["choices"] for ballot in content["ballots"]])
    assert [(each.slug, each.votes, each.rank) for each in recount] == [
        (row["topic"], row["votes"], row["rank"]) for row in content["results"]
    ]


def test_the_csv_holds_the_same(database: Database, clock: SteppedClock) -> None:
    round_ = _round(database, clock, 6, is_closed=True)
    with database.session() as session:
        content = export(session, round_)
    (row,) = csv.DictReader(io.StringIO(as_csv(content)))
    assert list(row) == FIELDS
    assert [json.loads(row[name]) for name in ("results", "ballots")] == [content["results"], content["ballots"]]
    assert row["roll_size"] == "9"


@pytest.mark.parametrize(("votes", "told"), [(1, None), (4, None), (6, 6)])
def test_an_open_round_gives_nothing_away(
    database: Database, clock: SteppedClock, votes: int, told: int | None
) -> None:
    round_ = _round(database, clock, votes, is_closed=False)
    with database.session() as session:
        content = export(session, round_)
    assert (content["results"], content["ballots"], content["roll_hash"]) == (None, None, round_.roll_hash_open)
    assert "after its close" in content["note"]
    assert content["turnout"] == told
    assert ("turnout is withheld" in content["note"]) == (told is None)


@pytest.mark.parametrize("votes", [0, 1, 4])
def test_under_five_ballots_counts_and_ballots_are_withheld(
    database: Database, clock: SteppedClock, votes: int
) -> None:
    round_ = _round(database, clock, votes, is_closed=True)
    with database.session() as session:
        content = export(session, round_)
    assert list(content) == [*FIELDS, "note"]
    assert {(row["votes"], row["rank"]) for row in content["results"]} == {(None, None)}
    assert content["ballots"] is None
    assert "withheld" in content["note"]
    assert content["turnout"] is None
    assert json.loads(as_json(content))["turnout"] is None
    (row,) = csv.DictReader(io.StringIO(as_csv(content)))
    assert row["turnout"] == ""


def test_a_topic_that_could_not_win_is_named(database: Database, clock: SteppedClock) -> None:
    made = counted(database, clock, *[(GRID,)] * 5, dangerous=GRID)
    with database.session() as session:
        content = export(session, made.round)
    assert list(content) == [*FIELDS, "note"]
    assert content["results"][0] == {"topic": GRID, "votes": 5, "rank": 1}
    assert content["note"] == f"Dangerous while the round was open, and could not win: {GRID}."


def test_of_a_round_that_was_called_off_nothing_is_told_but_that(database: Database, clock: SteppedClock) -> None:
    round_ = _round(database, clock, 6, is_closed=False)
    with writing(database) as session:
        call_off(session, round_.id, "Nobody can work there.", by=None, now=clock.at)
    with database.session() as session:
        content = export(session, reread(database, round_))
    assert (content["turnout"], content["results"], content["ballots"]) == (None, None, None)
    assert "called off" in content["note"]


def test_the_command_writes_it(app: Flask, database: Database, clock: SteppedClock) -> None:
    _round(database, clock, 5, is_closed=True)
    runner = app.test_cli_runner()
    result = runner.invoke(args=["rounds", "export", "winter-energy", "--format", "json"])
    assert result.exit_code == 0
    assert len(json.loads(result.output)["ballots"]) == 5
    assert runner.invoke(args=["rounds", "export", "winter-energy", "--format", "csv"]).output.startswith("round,")


def test_the_command_names_a_round_that_is_not_there(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["rounds", "export", "summer"])
    assert result.exit_code == 1
    assert "summer" in result.output
