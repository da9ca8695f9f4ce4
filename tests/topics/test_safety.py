"""A topic that turns dangerous in an open round, and a round that is called off: told at once, to all on the roll."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import NotFound, Refusal, WrongState
from membership.outbox.models import OutboxRow
from membership.outbox.rows import Task
from membership.topics.calling_off import call_off
from membership.topics.danger import endanger
from membership.topics.keeping import close_due, keep_rounds, seal_due
from membership.topics.models import CountedBallot, OpenBallot, OpenChoice, Round, Topic
from membership.topics.opening import open_round
from membership.topics.results import results_of
from membership.topics.roll import may_vote_now, turnout, verify_roll
from membership.topics.round_notices import tell_roll
from membership.topics.round_terms import Candidate
from membership.wiring import Seams
from tests.accounts.doors import mails, sign_in, text_of
from tests.topics.people import opened, patron, patrons, reread, shortlisted, vote, writing
from tests.topics.test_opening import announced

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
SHOT_AT = "The depot was shelled; who goes there is seen."


def _endanger(database: Database, round_: Round, slug: str, clock: SteppedClock, reason: str = SHOT_AT) -> None:
    with writing(database) as session:
        endanger(session, round_.id, slug, reason, by=None, now=clock.at)


def _call_off(database: Database, round_: Round, clock: SteppedClock, reason: str = SHOT_AT) -> None:
    with writing(database) as session:
        call_off(session, round_.id, reason, by=None, now=clock.at)


def _states(database: Database) -> dict[str, str]:
    with database.session() as session:
        return {topic.slug: topic.state for topic in session.scalars(select(Topic))}


def test_a_dangerous_topic_cannot_win_and_is_withheld_at_the_close(database: Database, clock: SteppedClock) -> None:
    voters = patrons(database, 6, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    vote(database, round_, voters[0], GRID, RUBBLE, clock=clock)
    _endanger(database, round_, GRID, clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    assert _states(database) == {GRID: "withheld", RUBBLE: "selected", FERRY: "shortlisted"}
    with database.session() as session:
        results = results_of(session, reread(database, round_))
        assert [topic.slug for topic in results.winners] == [RUBBLE]
        assert {topic.slug: topic.votes for topic in results.topics} == {GRID: 6, RUBBLE: 1, FERRY: 0}


def test_all_on_the_roll_are_told_once_whatever_letters_they_chose(
    app: Flask, database: Database, clock: SteppedClock, seams: Seams
) -> None:
    patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    _endanger(database, round_, GRID, clock)
    letters = mails(app)
    assert sorted(letter["To"] for letter in letters) == [
        *(f"proposer{number}@example.org" for number in range(3)),
        "v@example.org",
    ]
    assert "cannot win" in letters[0]["Subject"]
    assert SHOT_AT in text_of(letters[0])
    told = {"round": round_.slug, "topic": GRID}
    again = Task(1, "topic_endangered", f"{round_.slug}.{GRID}", told, clock.at, "w")
    tell_roll(seams, again)  # as after a task that was broken off
    assert len(mails(app)) == 4


def test_who_is_erased_before_the_letter_goes_gets_none(app: Flask, database: Database, clock: SteppedClock) -> None:
    leaver = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    _endanger(database, round_, GRID, clock)
    with writing(database) as session:
        session.get_one(Account, leaver.id).erased_at = clock.at
    assert "v@example.org" not in {letter["To"] for letter in mails(app)}


def test_the_danger_stands_on_ballot_and_round(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    voter = sign_in(client, "proposer0@example.org", now=clock.at)
    before = client.get(f"/rounds/{round_.slug}").text
    _endanger(database, round_, GRID, clock)
    assert SHOT_AT not in before
    for path in (f"/rounds/{round_.slug}", f"/rounds/{round_.slug}/ballot"):
        assert SHOT_AT in client.get(path).text
    with pytest.raises(Refusal, match="cannot win"):
        vote(database, round_, voter, GRID, clock=clock)


def test_only_a_topic_of_an_open_round_is_marked_once_and_with_a_reason(
    database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.at)
    with pytest.raises(Refusal, match="empty"):
        _endanger(database, round_, GRID, clock, reason=" ")
    with pytest.raises(NotFound):
        _endanger(database, round_, "elsewhere", clock)
    _endanger(database, round_, GRID, clock)
    with pytest.raises(WrongState, match="already"):
        _endanger(database, round_, GRID, clock)
    clock.at = round_.closes_at
    with pytest.raises(WrongState, match="open"):
        _endanger(database, round_, RUBBLE, clock)


def test_a_round_that_is_called_off_counts_nothing_and_keeps_no_ballot(
    database: Database, clock: SteppedClock, seams: Seams
) -> None:
    voters = patrons(database, 5, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    _endanger(database, round_, RUBBLE, clock)
    _call_off(database, round_, clock)
    assert _states(database) == {GRID: "shortlisted", RUBBLE: "withheld", FERRY: "shortlisted"}
    late = patron(database, "late@example.org", now=clock.at)
    with writing(database) as session:
        assert may_vote_now(session, late.id, now=clock.at) == 0
    with pytest.raises(WrongState, match="called off"):
        vote(database, round_, voters[0], FERRY, clock=clock)
    clock.at = round_.closes_at
    assert [keep_rounds(seams), seal_due(database, clock), close_due(database, clock)] == [0, 0, 0]
    with database.session() as session:
        rows = [
            session.scalar(select(func.count()).select_from(each)) for each in (OpenBallot, OpenChoice, CountedBallot)
        ]
        assert rows == [0, 0, 0]
        traces = select(func.count()).select_from(OutboxRow).where(OutboxRow.kind == "ballot_traces")
        assert session.scalar(traces) == 1
        called_off = reread(database, round_)
        assert (verify_roll(session, called_off).opening, turnout(session, round_.id)) == (True, 5)


def test_all_on_the_roll_hear_that_it_is_called_off_and_no_letter_about_their_vote(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    vote(database, round_, voter, GRID, clock=clock)
    _call_off(database, round_, clock)
    clock.advance(timedelta(minutes=11))
    letters = mails(app)
    assert {letter["Subject"] for letter in letters} == {"The round “Winter energy” is called off"}
    assert len(letters) == 4
    assert SHOT_AT in text_of(letters[0])


def test_pages_say_that_a_round_is_called_off(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    _call_off(database, round_, clock)
    page = client.get(f"/rounds/{round_.slug}").text
    assert "Called off" in page
    assert SHOT_AT in page
    assert "To the ballot" not in page
    assert "called off" in client.get("/rounds").text
    assert SHOT_AT in client.get("/rounds/feed.xml").text
    assert "The vote is open" not in client.get("/topics").text


def test_whoever_would_have_reported_what_is_withheld_is_not_named_any_more(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, now=clock.at)
    with writing(database) as session:
        round_ = open_round(
            session,
            "Winter energy",
            "What next?",
            [Candidate(GRID, who="Olena"), Candidate(RUBBLE, who="Mykola")],
            closes_at=clock.at + timedelta(days=7),
            choices=1,
            winners=1,
            by=None,
            now=clock.at,
        )
    _endanger(database, round_, GRID, clock)
    assert "Olena" in client.get(f"/rounds/{round_.slug}").text
    _call_off(database, round_, clock)
    page = client.get(f"/rounds/{round_.slug}").text
    assert ("Olena" in page, "Mykola" in page) == (False, True)
    assert "what had become dangerous is withheld" in page
    # The time of the close lies ahead, and will never be one.
    assert "Would have closed" in page


def test_an_announced_round_is_called_off_before_it_opens(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock, seams: Seams
) -> None:
    round_ = announced(database, now=clock.at)
    _call_off(database, round_, clock)
    assert set(_states(database).values()) == {"shortlisted"}
    clock.at = round_.opens_at
    assert keep_rounds(seams) == 0
    assert mails(app) == []
    assert "Called off" in client.get("/rounds/winter").text


def test_no_round_is_called_off_twice_or_after_its_close(database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    with pytest.raises(Refusal, match="empty"):
        _call_off(database, round_, clock, reason="")
    clock.at = round_.closes_at
    with pytest.raises(WrongState, match="Its result stands"):
        _call_off(database, round_, clock)


def test_an_editor_marks_a_danger_and_calls_off_on_the_page(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    opened(database, now=clock.at)
    sign_in(client, "editor@example.org", "editor", now=clock.at)
    page = "/staff/rounds/winter-energy"
    refused = client.post(f"{page}/danger", data={"topic": RUBBLE, "reason": ""})
    assert (refused.status_code, 'id="danger-error"' in refused.text) == (422, True)
    assert f'<option value="{RUBBLE}" selected>' in refused.text
    assert client.post(f"{page}/danger", data={"topic": RUBBLE, "reason": SHOT_AT}).status_code == 303
    assert SHOT_AT in client.get(page).text
    assert client.post(f"{page}/danger", data={"topic": RUBBLE, "reason": SHOT_AT}).status_code == 409
    assert client.post(f"{page}/calling-off", data={"reason": ""}).status_code == 422
    assert client.post(f"{page}/calling-off", data={"reason": "Enough."}).status_code == 303
    assert client.post(f"{page}/calling-off", data={"reason": "Enough."}).status_code == 409
    assert "Enough." in client.get(page).text
