"""News reaches a person in one letter a week at most, and nothing of it is lost or told twice."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import func, select

from membership.accounts.erasing import erase
from membership.accounts.mail_choices import stop_mail, want_mail
from membership.accounts.models import Account, News
from membership.accounts.news import KEPT, WEEK, forget_news
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.mail.transport import ListTransport
from membership.outbox.models import OutboxRow
from membership.wiring import PERSONAL_DATA
from tests.accounts.doors import mails, person, text_of
from tests.accounts.reports import RESULTS, add, closed_round, rounds_in, tell
from tests.topics.people import at_once

HOUR = timedelta(hours=1)


@pytest.fixture
def reader(database: Database, now: datetime) -> Account:
    return person(database, "ada@example.org", now=now)


def test_the_first_news_is_told_at_once(app: Flask, database: Database, reader: Account, clock: SteppedClock) -> None:
    tell(database, reader, "Winter", now=clock.at)
    (letter,) = mails(app)
    assert (letter["To"], letter["Subject"]) == ("ada@example.org", "Results: Winter")
    assert "/rounds/winter/results" in text_of(letter)


def test_what_comes_within_a_week_is_told_together_when_it_is_over(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    tell(database, reader, "Winter", now=clock.at)
    mails(app)
    for title in ("Spring", "Summer"):
        clock.advance(HOUR)
        tell(database, reader, title, now=clock.at)
    clock.advance(WEEK - 3 * HOUR)
    assert len(mails(app)) == 1
    clock.advance(HOUR)
    _first, second = mails(app)
    assert second["Subject"] == "Results: Spring, and one more"
    assert [words in text_of(second) for words in ("* Results: Spring", "* Results: Summer")] == [True, True]
    assert _waiting(database) == 0


@pytest.mark.parametrize("seed", range(2))
def test_at_most_one_letter_a_week_and_no_outcome_is_dropped(
    app: Flask, database: Database, reader: Account, clock: SteppedClock, seed: int
) -> None:
    chance = random.Random(seed)
    titles = [f"Round {number:02d}." for number in range(10)]
    sent: list[datetime] = []
    for title in titles:
        tell(database, reader, title, now=clock.at)
        for _turn in range(2):
            told = len(mails(app))
            sent += [clock.at] * (told - len(sent))
            clock.advance(timedelta(hours=chance.randrange(1, 90)))
    clock.advance(WEEK)
    letters = mails(app)
    assert min(later - earlier for earlier, later in pairwise(sent)) >= WEEK
    assert sorted(title for part in rounds_in(letters, titles) for title in part) == titles


def test_the_same_is_told_once(app: Flask, database: Database, reader: Account, clock: SteppedClock) -> None:
    assert tell(database, reader, "Winter", now=clock.at)
    assert not add(database, reader, "winter", now=clock.at)
    mails(app)
    clock.advance(WEEK)
    assert not add(database, reader, "winter", now=clock.at)
    assert len(mails(app)) == 1


def test_each_person_has_a_week_of_their_own(app: Flask, database: Database, clock: SteppedClock) -> None:
    people = [person(database, f"{name}@example.org", now=clock.at) for name in ("ada", "bela")]
    closed_round(database, "Winter", now=clock.at)
    for each in people:
        add(database, each, "winter", now=clock.at)
    assert sorted(letter["To"] for letter in mails(app)) == ["ada@example.org", "bela@example.org"]


def test_two_workers_at_once_send_one_letter(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    closed = [closed_round(database, title, now=clock.at).slug for title in ("Winter", "Spring", "Summer")]
    at_once([lambda slug=slug: add(database, reader, slug, now=clock.at) for slug in closed])  # type: ignore[misc]  # bound early
    at_once([lambda: mails(app)] * 2)
    (letter,) = mails(app)
    assert letter["Subject"].endswith(", and 2 more")
    assert _waiting(database) == 0


def test_a_mail_server_that_is_away_delays_the_letter_and_the_week(
    app: Flask, database: Database, reader: Account, clock: SteppedClock, outage: Callable[[bool], None]
) -> None:
    outage(True)
    tell(database, reader, "Winter", now=clock.at)
    assert mails(app) == []
    tell(database, reader, "Spring", now=clock.at)
    clock.advance(timedelta(days=3))
    outage(False)
    (late,) = mails(app)
    assert late["Subject"] == "Results: Winter"
    clock.advance(timedelta(days=6))
    assert len(mails(app)) == 1
    clock.advance(timedelta(days=1))
    assert [letter["Subject"] for letter in mails(app)] == ["Results: Winter", "Results: Spring"]


def test_a_letter_that_is_tried_again_says_the_same(
    app: Flask,
    database: Database,
    reader: Account,
    clock: SteppedClock,
    tried: list[EmailMessage],
    outage: Callable[[bool], None],
) -> None:
    outage(True)
    tell(database, reader, "Winter", now=clock.at)
    mails(app)
    tell(database, reader, "Spring", now=clock.at)
    clock.advance(HOUR)
    outage(False)
    mails(app)
    assert len(tried) == 2
    assert {letter["Message-ID"] for letter in tried} == {tried[0]["Message-ID"]}
    assert {letter["Subject"] for letter in tried} == {"Results: Winter"}


def test_who_does_not_want_it_is_not_told_nor_of_what_waits(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    tell(database, reader, "Winter", now=clock.at)
    with database.session() as session, transaction(session):
        stop_mail(session, reader.id, (RESULTS,), now=clock.at)
    assert not tell(database, reader, "Spring", now=clock.at)
    assert mails(app) == []
    assert _waiting(database) == 0


def test_stopping_holds_for_a_letter_that_could_not_be_sent_yet(
    app: Flask, database: Database, reader: Account, clock: SteppedClock, outage: Callable[[bool], None]
) -> None:
    outage(True)
    tell(database, reader, "Winter", now=clock.at)
    mails(app)
    with database.session() as session, transaction(session):
        stop_mail(session, reader.id, (RESULTS,), now=clock.at)
    outage(False)
    clock.advance(HOUR)
    assert mails(app) == []


def test_who_wants_it_again_is_told_of_what_comes_from_then_on(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    with database.session() as session, transaction(session):
        stop_mail(session, reader.id, (RESULTS,), now=clock.at)
    tell(database, reader, "Winter", now=clock.at)
    with database.session() as session, transaction(session):
        want_mail(session, reader.id, (RESULTS,))
    tell(database, reader, "Spring", now=clock.at)
    assert [letter["Subject"] for letter in mails(app)] == ["Results: Spring"]


def test_a_letter_that_was_planned_before_stopping_does_not_bring_another_too_early(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    tell(database, reader, "Winter", now=clock.at)
    mails(app)
    tell(database, reader, "Spring", now=clock.at)
    with database.session() as session, transaction(session):
        stop_mail(session, reader.id, (RESULTS,), now=clock.at)
        want_mail(session, reader.id, (RESULTS,))
    clock.advance(WEEK)
    tell(database, reader, "Summer", now=clock.at)
    assert len(mails(app)) == 2
    tell(database, reader, "Autumn", now=clock.at)
    clock.advance(HOUR)
    assert len(mails(app)) == 2
    clock.advance(WEEK)
    assert [letter["Subject"] for letter in mails(app)][2:] == ["Results: Autumn"]


def test_who_stops_by_a_slip_and_takes_it_back_has_missed_nothing(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    tell(database, reader, "Winter", now=clock.at)
    mails(app)
    tell(database, reader, "Spring", now=clock.at)
    with database.session() as session, transaction(session):
        assert stop_mail(session, reader.id, (RESULTS,), now=clock.at) == (RESULTS,)
        assert stop_mail(session, reader.id, (RESULTS,), now=clock.at) == ()
        want_mail(session, reader.id, (RESULTS,))
    clock.advance(WEEK)
    assert [letter["Subject"] for letter in mails(app)] == ["Results: Winter", "Results: Spring"]


def test_a_letter_of_which_nobody_knows_whether_it_went_out_counts_as_one_of_the_week(
    app: Flask, database: Database, reader: Account, clock: SteppedClock, outage: Callable[[bool], None]
) -> None:
    outage(True)
    tell(database, reader, "Winter", now=clock.at)
    mails(app)
    with database.session() as session, transaction(session):
        stop_mail(session, reader.id, (RESULTS,), now=clock.at)
    outage(False)
    clock.advance(HOUR)
    assert mails(app) == []
    with database.session() as session, transaction(session):
        want_mail(session, reader.id, (RESULTS,))
    tell(database, reader, "Spring", now=clock.at)
    assert mails(app) == []
    clock.advance(WEEK)
    assert [letter["Subject"] for letter in mails(app)] == ["Results: Spring"]


def test_without_https_a_letter_promises_no_click_in_the_mail_program(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    tell(database, reader, "Winter", now=clock.at)
    (letter,) = mails(app)
    assert letter["List-Unsubscribe"].startswith("<http://localhost:8000/mail/unsubscribe/")
    assert letter["List-Unsubscribe-Post"] is None


def test_nobody_writes_to_an_erased_account(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    tell(database, reader, "Winter", now=clock.at)
    with app.test_request_context(), database.session() as session, transaction(session):
        erase(session, reader.id, PERSONAL_DATA, now=clock.at)
    assert not tell(database, reader, "Spring", now=clock.at)
    assert mails(app) == []
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(News)) == 0
        assert reader.reference not in str([(row.key, row.payload) for row in session.scalars(select(OutboxRow))])


def test_told_news_is_forgotten_after_a_month_and_what_waits_is_not(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    tell(database, reader, "Winter", now=clock.at)
    mails(app)
    tell(database, reader, "Spring", now=clock.at)
    clock.advance(KEPT + HOUR)
    with database.session() as session, transaction(session):
        forget_news(session, before=clock.at - KEPT, now=clock.at)
        assert session.scalars(select(News.key)).all() == ["spring"]


def _waiting(database: Database) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(News).where(News.told_at.is_(None))) or 0


@pytest.fixture
def tried() -> list[EmailMessage]:
    """All letters that were handed to the mail server, taken or not."""
    return []


@pytest.fixture
def mail(tried: list[EmailMessage]) -> ListTransport:
    return _Unsteady(tried)


@pytest.fixture
def outage(mail: ListTransport) -> Callable[[bool], None]:
    """Says whether the mail server is away."""

    def say(is_away: bool) -> None:
        assert isinstance(mail, _Unsteady)
        mail.is_away = is_away

    return say


class _Unsteady(ListTransport):
    def __init__(self, tried: list[EmailMessage]) -> None:
        super().__init__()
        self.tried, self.is_away = tried, False

    def send(self, message: EmailMessage) -> None:
        self.tried.append(message)
        if self.is_away:
            raise ConnectionRefusedError("away")
        super().send(message)
