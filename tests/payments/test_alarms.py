"""Alarms: told once for each cause, again only when it says something new, and over when it is over."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.people import account_for
from membership.accounts.roles import grant
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.mail.transport import ListTransport
from membership.outbox.models import OutboxRow
from membership.outbox.periodic import Every, take_run
from membership.outbox.worker import carry_out
from membership.payments.alarms import Watch, clear_alarm, keep_watch, open_alarms, raise_alarm
from membership.payments.invariants import look_for_violations
from membership.payments.models import Alarm
from membership.wiring import ALARMS, INVARIANTS, PASSING, PERIODIC, TASKS, WATCH
from tests.sound_rows import plant_sound_rows

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def raised(session: Session, says: str, *, now: datetime) -> bool:
    with transaction(session):
        return raise_alarm(session, "books", says, now=now)


def cleared(session: Session, *, now: datetime) -> None:
    with transaction(session):
        clear_alarm(session, "books", now=now)


def letters(session: Session) -> int:
    return len(session.scalars(select(OutboxRow.id).where(OutboxRow.kind == "alarm")).all())


def test_a_cause_is_told_once_however_long_it_stands(session: Session, now: datetime) -> None:
    assert [raised(session, "They differ.", now=now + number * DAY) for number in range(3)] == [True, False, False]
    assert letters(session) == 1
    assert open_alarms(session) == {"books": "They differ."}


def test_it_is_told_again_when_it_says_something_new(session: Session, now: datetime) -> None:
    said = [raised(session, says, now=now) for says in ("EUR differs.", "USD differs.", "EUR differs.")]
    assert said == [True, True, False]
    assert open_alarms(session) == {"books": "EUR differs."}


def test_what_comes_back_within_a_day_is_no_news(session: Session, now: datetime) -> None:
    raised(session, "They differ.", now=now)
    cleared(session, now=now)
    assert open_alarms(session) == {}
    assert not raised(session, "They differ.", now=now + DAY)
    assert open_alarms(session) == {"books": "They differ."}


def test_what_comes_back_later_is_told_anew(session: Session, now: datetime) -> None:
    raised(session, "They differ.", now=now)
    cleared(session, now=now)
    assert raised(session, "They differ.", now=now + DAY + MINUTE)
    assert letters(session) == 2


def test_clearing_what_never_stood_is_nothing(session: Session, now: datetime) -> None:
    cleared(session, now=now)
    assert session.scalar(select(Alarm.cause)) is None


def test_admins_are_written_to_and_nobody_else(
    app: Flask, database: Database, clock: SteppedClock, mail: ListTransport
) -> None:
    now = clock.now()
    with database.session() as session, transaction(session):
        for role in ("admin", "finance", "editor"):
            account, _made = account_for(session, f"{role}@example.org", language="en", now=now)
            grant(session, account, role, by=None, now=now)
        raise_alarm(session, "books", "They differ.", now=now)
    with app.app_context():
        carry_out(database, {"alarm": lambda task: TASKS["alarm"](app.extensions["seams"], task)}, clock)
    assert [message["To"] for message in mail.sent] == ["admin@example.org"]
    assert "They differ." in str(mail.sent[0].get_body(("plain",)))


def test_operators_read_what_stands_in_readyz(client: FlaskClient, session: Session, now: datetime) -> None:
    raised(session, "They differ.", now=now)
    assert client.get("/readyz").get_json()["alarms"] == {"books": "They differ."}


class Watched:
    """A watch that asks one question, and runs as a worker lets it."""

    def __init__(self, app: Flask, clock: SteppedClock) -> None:
        self.seams, self.clock = app.extensions["seams"], clock
        self.says: str | None = None
        self.watch = Watch("watch", 5 * MINUTE, {"books": self._ask}, {"brake": 60 * MINUTE})

    def _ask(self, _session: Session, *, now: datetime) -> str | None:
        return self.says

    def after(self, step: timedelta) -> dict[str, str]:
        """Lets the clock go on and the watch be kept; returns what stands then."""
        self.clock.advance(step)
        with self.seams.database.session() as session:
            with transaction(session):
                take_run(session, self.watch.name, Every(self.watch.every), now=self.clock.now())
            keep_watch(self.seams, self.watch)
            return open_alarms(session)


@pytest.fixture
def watched(app: Flask, clock: SteppedClock) -> Watched:
    made = Watched(app, clock)
    made.after(0 * MINUTE)
    return made


def test_the_watch_raises_and_ends_alarms(watched: Watched) -> None:
    watched.says = "They differ."
    assert watched.after(5 * MINUTE) == {"books": "They differ."}
    watched.says = None
    assert watched.after(5 * MINUTE) == {}


def test_a_worker_that_comes_back_first_lets_what_waits_come_in(watched: Watched) -> None:
    watched.says = "Nothing came."
    assert watched.after(3 * DAY) == {}
    assert watched.after(5 * MINUTE) == {"books": "Nothing came."}


def test_an_alarm_raised_in_passing_ends_when_nobody_meets_it_again(watched: Watched, session: Session) -> None:
    with transaction(session):
        raise_alarm(session, "brake", "Too many.", now=watched.clock.now())
    for _ in range(12):
        assert watched.after(5 * MINUTE) == {"brake": "Too many."}
    assert watched.after(5 * MINUTE) == {}


def test_the_worker_keeps_watch_and_asks_the_invariants() -> None:
    every, _act = PERIODIC[WATCH.name]
    assert every.step == WATCH.every
    assert PERIODIC["ask the invariants"][0].step == DAY
    assert set(WATCH.questions) == set(ALARMS)
    assert not set(ALARMS) & set(PASSING)


def test_rows_that_contradict_each_other_are_an_alarm_that_names_the_rule(
    app: Flask, session: Session, clock: SteppedClock
) -> None:
    seams: Any = app.extensions["seams"]
    with transaction(session):
        plant_sound_rows(session)
    with app.app_context():
        look_for_violations(seams, INVARIANTS)
        assert open_alarms(session) == {}
        with transaction(session):
            session.merge(Alarm(cause="invariants", says="old", since=clock.now(), seen_at=clock.now()))
        _spoil(session)
        look_for_violations(seams, INVARIANTS)
    assert "receipt_counter." in open_alarms(session)["invariants"]


def _spoil(session: Session) -> None:
    with transaction(session):
        session.connection().exec_driver_sql("UPDATE receipt_counters SET last = 9")
