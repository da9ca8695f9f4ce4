"""What became of a topic reaches those who voted and those who follow it: each once, and nothing is lost."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from membership.accounts.mail_choices import stop_mail
from membership.accounts.models import Account, News
from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import WrongState
from membership.outbox.models import OutboxRow
from membership.outbox.rows import claim
from membership.topics import stage_telling
from membership.topics.answering import decline, withhold
from membership.topics.danger import endanger
from membership.topics.following import follow, unfollow
from membership.topics.keeping import close_due
from membership.topics.promises import admit_late, begin_reporting, postpone, promise, publish
from membership.topics.stages import RESULTS_TOLD, STAGE_TOLD
from membership.wiring import Seams
from tests.accounts.doors import mails, text_of
from tests.topics.aftermath import DAY, GRID, KYIV, RUBBLE, chosen, does, told, topic
from tests.topics.people import opened, reader, writing

WEEK = 7 * DAY


def _follows(database: Database, account: Account, slug: str, *, clock: SteppedClock) -> None:
    with writing(database) as session:
        follow(session, account.id, topic(session, slug), now=clock.at)


def test_the_close_writes_one_side_effect_for_all_who_voted(database: Database, clock: SteppedClock) -> None:
    round_, _voters = chosen(database, clock)
    with database.session() as session:
        kept = session.scalars(select(OutboxRow).where(OutboxRow.kind == RESULTS_TOLD)).all()
        assert [row.key for row in kept] == [round_.slug]
        stages = session.scalars(select(OutboxRow.key).where(OutboxRow.kind == STAGE_TOLD)).all()
        assert [key.partition(".")[0] for key in stages] == [GRID]


def test_everyone_who_voted_hears_of_each_stage_once(app: Flask, database: Database, clock: SteppedClock) -> None:
    _round, voters = chosen(database, clock)
    mails(app)
    does(database, promise, "Olena", date(2026, 12, 20), zone=KYIV, now=clock.at)
    does(database, begin_reporting, now=clock.at)
    does(database, postpone, date(2027, 1, 1), "Olena is in Kharkiv after the strikes.", zone=KYIV, now=clock.at)
    does(database, publish, "/articles/grid", "The grid, repaired", now=clock.at)
    clock.advance(WEEK)
    sent = mails(app)
    stages = {each.id: [stage for owner, stage in told(database, "outcomes") if owner == each.id] for each in voters}
    assert set(map(tuple, stages.values())) == {("reporting", "postponed", "published")}
    (letter,) = [each for each in sent if each["To"] == voters[0].email and "In work" in each["Subject"]]
    text = text_of(letter)
    assert "Olena is at work on it, and promised it by 20 December 2026." in text
    assert "“Who repairs the grid?” moves to January 2027." in text
    assert "Reason: Olena is in Kharkiv after the strikes." in text
    assert "You asked, and here it is: “The grid, repaired”." in text
    assert "http://localhost:8000/articles/grid" in text


def test_who_voted_and_follows_hears_it_once_and_who_only_follows_hears_it_too(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    outsider = reader(database, "follows@example.org", now=clock.at)
    _round, voters = chosen(database, clock)
    for account in (outsider, voters[0], voters[1]):
        _follows(database, account, GRID, clock=clock)
    # Who wants no news of rounds follows this one topic all the same.
    with writing(database) as session:
        stop_mail(session, voters[1].id, ["outcomes", "results"], now=clock.at)
    mails(app)
    does(database, begin_reporting, now=clock.at)
    mails(app)
    heard = told(database, "followed")
    assert sorted(heard) == sorted(
        (account.id, stage) for account in (outsider, voters[1]) for stage in ("selected", "reporting")
    )
    assert (voters[0].id, "reporting") in told(database, "outcomes")


def test_what_was_not_chosen_is_told_to_its_followers_alone(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    outsider = reader(database, "follows@example.org", now=clock.at)
    _round, _voters = chosen(database, clock)
    _follows(database, outsider, RUBBLE, clock=clock)
    with writing(database) as session:
        decline(session, topic(session, RUBBLE), "Another newsroom has it.", by=None, now=clock.at)
    sent = mails(app)
    assert told(database, "outcomes") == []
    assert told(database, "followed") == [(outsider.id, "declined")]
    (letter,) = [each for each in sent if each["To"] == outsider.email]
    assert "Another newsroom has it." in text_of(letter)


def test_who_proposed_it_hears_an_answer_and_not_the_same_again(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    _round, _voters = chosen(database, clock)
    with database.session() as session:
        proposer_id = topic(session).proposer_id or 0
        proposer = session.get_one(Account, proposer_id)
    _follows(database, proposer, GRID, clock=clock)
    does(database, decline, "We were wrong to offer it.", now=clock.at)
    mails(app)
    assert (proposer_id, "declined") not in told(database, "followed")
    assert {stage for _owner, stage in told(database, "outcomes")} == {"declined"}


def test_what_is_withheld_is_not_named_in_any_letter_that_still_waits(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock)
    mails(app)
    does(database, begin_reporting, now=clock.at)
    does(database, withhold, "Somebody was threatened.", now=clock.at)
    clock.advance(WEEK)
    letter = [each for each in mails(app) if each["To"] == voters[0].email][-1]
    assert letter["Subject"] == "A topic is withheld for safety"
    for word in ("grid", "threatened"):
        assert word not in text_of(letter)


def test_that_it_is_late_is_told_once_for_each_day_promised(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock)
    does(database, promise, "Olena", date(2026, 12, 1), zone=KYIV, now=clock.at)
    with pytest.raises(WrongState, match="is not late"):
        does(database, admit_late, zone=KYIV, now=clock.at)
    clock.advance(3 * DAY)
    does(database, admit_late, zone=KYIV, now=clock.at)
    with pytest.raises(WrongState, match="were told"):
        does(database, admit_late, zone=KYIV, now=clock.at)
    mails(app)
    assert sorted(told(database, "outcomes")) == sorted((each.id, "late") for each in voters)
    does(database, promise, "Olena", date(2026, 12, 3), zone=KYIV, now=clock.at)
    clock.advance(2 * DAY)
    does(database, admit_late, zone=KYIV, now=clock.at)


def test_telling_goes_on_where_it_was_broken_off_and_repeats_nothing(
    app: Flask, database: Database, clock: SteppedClock, seams: Seams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_telling, "AT_ONCE", 2)
    outsider = reader(database, "follows@example.org", now=clock.at)
    _round, voters = chosen(database, clock)
    _follows(database, outsider, GRID, clock=clock)
    mails(app)
    does(database, begin_reporting, now=clock.at)
    with writing(database) as session:
        (task,) = claim(session, "one that dies", limit=20, now=clock.at)
    for _ in range(2):  # a batch is done, and done again by one who does not know
        stage_telling.tell_those_concerned(seams, task)
        with database.session() as session:
            assert session.scalar(select(func.count()).where(News.kind == "outcomes")) == 2
    for _ in range(4):  # others write between two batches
        mails(app)
        clock.advance(stage_telling.PAUSE)
    assert sorted(told(database, "outcomes")) == sorted((each.id, "reporting") for each in voters)
    assert (outsider.id, "reporting") in told(database, "followed")
    with database.session() as session:
        assert session.scalars(select(OutboxRow.done_at).where(OutboxRow.kind == STAGE_TOLD)).all().count(None) == 0


def test_that_it_is_late_is_no_news_any_more_once_it_is_published(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock)
    does(database, promise, "Olena", date(2026, 12, 1), zone=KYIV, now=clock.at)
    mails(app)
    clock.advance(3 * DAY)
    does(database, admit_late, zone=KYIV, now=clock.at)
    does(database, publish, "/articles/grid", "The grid, repaired", now=clock.at)
    clock.advance(WEEK)
    letter = [each for each in mails(app) if each["To"] == voters[0].email][-1]
    assert letter["Subject"] == "Published: Who repairs the grid?"
    assert "not there yet" not in text_of(letter)


def test_who_proposed_what_became_dangerous_in_its_round_hears_the_reason(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.at)
    with database.session() as session:
        proposer = session.get_one(Account, topic(session).proposer_id or 0)
    _follows(database, proposer, GRID, clock=clock)
    with writing(database) as session:
        endanger(session, round_.id, GRID, "The depot was shelled.", by=None, now=clock.at)
    clock.at = round_.closes_at
    close_due(database, clock)
    (letter,) = [each for each in mails(app) if each["Subject"] == "We keep one of your topics out of sight"]
    assert letter["To"] == proposer.email
    assert "became dangerous while its round was open" in text_of(letter)
    assert "The depot was shelled." in text_of(letter)


def test_who_stops_following_hears_nothing_of_what_still_waits(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    outsider = reader(database, "follows@example.org", now=clock.at)
    _round, _voters = chosen(database, clock)
    for slug in (GRID, RUBBLE):
        _follows(database, outsider, slug, clock=clock)
    mails(app)
    does(database, begin_reporting, now=clock.at)
    with writing(database) as session:
        decline(session, topic(session, RUBBLE), "Another newsroom has it.", by=None, now=clock.at)
    mails(app)
    with writing(database) as session:
        unfollow(session, outsider.id, GRID)
    clock.advance(WEEK)
    letters = [text_of(each) for each in mails(app) if each["To"] == outsider.email]
    assert [text for text in letters if "at work on it" in text] == []
    assert any("Another newsroom has it." in text for text in letters)
