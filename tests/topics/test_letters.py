"""The mails about a vote: rendered when they are sent, one at a time, and never more than they may say."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, update

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.models import OutboxRow
from membership.topics.keeping import close_due
from membership.topics.models import RollEntry
from tests.accounts.doors import mails, text_of
from tests.topics.people import opened, patron, patrons, vote, writing

GRID, RUBBLE = "who-repairs-the-grid", "where-does-the-rubble-go"
TEN_MINUTES = timedelta(minutes=10)


def test_the_letter_comes_ten_minutes_after_the_last_change_with_the_code(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    vote(database, round_, voter, GRID, clock=clock)
    clock.advance(timedelta(minutes=9))
    receipt = vote(database, round_, voter, RUBBLE, clock=clock).receipt
    clock.advance(timedelta(minutes=9))
    assert mails(app) == []
    clock.advance(timedelta(minutes=1))
    (letter,) = mails(app)
    assert letter["To"] == "v@example.org"
    assert receipt in text_of(letter)
    assert "rubble" not in text_of(letter).lower()
    assert len(mails(app)) == 1


def test_a_later_change_is_told_by_a_letter_of_its_own(app: Flask, database: Database, clock: SteppedClock) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    for choice in (GRID, RUBBLE):
        vote(database, round_, voter, choice, clock=clock)
        clock.advance(TEN_MINUTES)
        letters = mails(app)
    assert len({letter["Message-ID"] for letter in letters}) == len(letters) == 2


def test_a_withdrawn_vote_is_told_without_a_code(app: Flask, database: Database, clock: SteppedClock) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    receipt = vote(database, round_, voter, GRID, clock=clock).receipt
    vote(database, round_, voter, clock=clock)
    clock.advance(TEN_MINUTES)
    (letter,) = mails(app)
    assert "withdrew" in text_of(letter)
    assert receipt not in text_of(letter)


def test_a_letter_that_comes_after_the_close_has_no_code(app: Flask, database: Database, clock: SteppedClock) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    receipt = vote(database, round_, voter, GRID, clock=clock).receipt
    clock.at = round_.closes_at
    (before_counting,) = mails(app)
    assert "is counted" in text_of(before_counting)
    assert receipt not in text_of(before_counting)


def test_everyone_who_voted_hears_of_the_result(app: Flask, database: Database, clock: SteppedClock) -> None:
    voters = patrons(database, 2, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    told = _about(mails(app), "Results")
    assert {letter["To"] for letter in told} == {voter.email for voter in voters}
    assert "Chosen: Who repairs the grid?" in text_of(told[0])
    assert "5 people could vote; fewer than 5 did, you among them." in text_of(told[0])
    assert f"http://localhost:8000/rounds/{round_.slug}/results" in text_of(told[0])
    assert len(_about(mails(app), "Results")) == 2


def test_from_five_ballots_on_the_letter_says_how_many_voted(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    voters = patrons(database, 5, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    assert "5 of 8 who could vote did, you among them." in text_of(_about(mails(app), "Results")[0])


@pytest.mark.parametrize("count", [2, 6])
def test_whose_vote_was_not_counted_is_told_the_result_and_not_among_those_who_voted(
    app: Flask, database: Database, clock: SteppedClock, count: int
) -> None:
    voters = patrons(database, count, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    with writing(database) as session:
        barred = update(RollEntry).where(RollEntry.account_id == voters[0].id)
        session.execute(barred.values(barred_at=clock.at, barred_why="money_back"))
    clock.at = round_.closes_at
    close_due(database, clock)
    told = {str(letter["To"]): text_of(letter) for letter in _about(mails(app), "Results")}
    assert "you among them" not in told[voters[0].email]
    assert "Your vote was not counted" in told[voters[0].email]
    assert "Chosen: Who repairs the grid?" in told[voters[0].email]
    assert "you among them" in told[voters[1].email]
    assert "not counted" not in told[voters[1].email]


def test_the_outbox_keeps_nothing_once_the_letters_are_out(app: Flask, database: Database, clock: SteppedClock) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    vote(database, opened(database, now=clock.at), voter, GRID, clock=clock)
    clock.advance(TEN_MINUTES)
    mails(app)
    with database.session() as session:
        assert [row.payload for row in session.scalars(select(OutboxRow))] == [{}]


def test_who_was_erased_gets_no_letter(app: Flask, database: Database, clock: SteppedClock) -> None:
    cut, erased = patrons(database, 2, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in (cut, erased):
        vote(database, round_, voter, GRID, clock=clock)
    with writing(database) as session:
        session.execute(update(RollEntry).where(RollEntry.account_id == cut.id).values(account_id=None))
        session.execute(update(Account).where(Account.id == erased.id).values(erased_at=clock.at))
    clock.advance(TEN_MINUTES)
    assert mails(app) == []


def _about(letters: list[EmailMessage], word: str) -> list[EmailMessage]:
    return [letter for letter in letters if word in str(letter["Subject"])]
