"""The ballot as a script speaks with it, and as a page says what cannot be; one's own votes, and reminders."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from membership.accounts.mail_choices import ask_for_mail, stop_mail
from membership.accounts.models import Account, News
from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.models import OutboxRow
from membership.topics.keeping import close_due
from membership.topics.models import RollEntry, RoundTopic
from membership.topics.reminding import REMINDERS, plan_reminders
from membership.wiring import Seams
from tests.accounts.doors import mails, sign_in, text_of
from tests.topics.people import opened, patrons, vote, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
BALLOT = "/rounds/winter-energy/ballot"
JSON = {"Accept": "application/json"}
DAY = timedelta(days=1)


def _post(client: FlaskClient, choices: list[str], version: object = 0) -> TestResponse:
    return client.post(BALLOT, data={"choices": choices, "version": version}, headers=JSON)


def _said(answer: TestResponse) -> dict[str, Any]:
    assert answer.headers["Cache-Control"] == "no-store"
    told: dict[str, Any] = answer.get_json()
    return told


def test_a_script_saves_each_choice_and_is_told_when(
    client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    opened(database, now=clock.at)
    first = _said(_post(client, [GRID]))
    assert (first["version"], first["choices"], first["said"]) == (
        1,
        [GRID],
        "Saved 12:00. You can change it until the close.",
    )
    assert first["receipt"] in client.get(BALLOT).text
    second = _said(_post(client, [GRID, FERRY], 1))
    assert (second["version"], second["receipt"]) == (2, first["receipt"])
    gone = _said(_post(client, [], 2))
    assert (gone["receipt"], gone["choices"]) == ("", [])
    assert "withdrawn" in gone["said"]


def test_a_vote_is_few_journeys_to_the_database(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock, seams: Seams, me: Account
) -> None:
    opened(database, now=clock.at)
    _post(client, [GRID])
    with statements(seams.database) as sent:
        assert _post(client, [RUBBLE], 1).status_code == 200
    # Who it is, what is held, what is kept. SQLite, in the process itself, has a statement for each table.
    asked = [each for each in sent if "site_version" not in each and not each.startswith("BEGIN")]
    assert len(asked) == (6 if database.is_sqlite else 3)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Lists what is sent to a database within the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("choices", "version", "status", "said"),
    [
        ([GRID, GRID], 0, 422, "Each topic can be chosen once."),
        (["elsewhere"], 0, 422, "“elsewhere” is not a topic of this round."),
        ([GRID, RUBBLE, FERRY], 0, 422, "You chose 3 topics; this round has room for 2."),
        ([], 0, 422, "Choose at least one topic."),
        ([GRID], "x", 409, "Your ballot was changed meanwhile."),
    ],
)
def test_a_bad_ballot_is_refused_alike_on_the_page_and_to_a_script(
    client: FlaskClient,
    database: Database,
    clock: SteppedClock,
    me: Account,
    choices: list[str],
    version: object,
    status: int,
    said: str,
) -> None:
    opened(database, now=clock.at)
    page = client.post(BALLOT, data={"choices": choices, "version": version})
    assert (page.status_code, said in page.text) == (status, True)
    answer = _post(client, choices, version)
    assert answer.status_code == status
    assert _said(answer)["error"].startswith(said)


def test_a_script_with_an_old_version_is_told_what_stands(
    client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    opened(database, now=clock.at)
    _post(client, [GRID])
    answer = _post(client, [RUBBLE])
    assert (answer.status_code, _said(answer)["kept"]) == (409, {"version": 1, "choices": [GRID]})


def test_before_the_opening_the_ballot_says_when_and_takes_nothing(
    client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    opened(database, now=clock.at)
    clock.at -= timedelta(minutes=1)
    page = client.get(BALLOT)
    assert (page.status_code, "It opens" in page.text) == (200, True)
    late = client.post(BALLOT, data={"choices": GRID, "version": 0})
    assert (late.status_code, "Nothing was kept" in late.text) == (409, True)
    assert _said(_post(client, [GRID]))["error"] == "This round is not open yet."


def test_after_the_close_a_script_is_refused_and_the_page_says_when_one_votes_next(
    client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    round_ = opened(database, now=clock.at)
    receipt = _said(_post(client, [GRID]))["receipt"]
    clock.at = round_.closes_at
    answer = _post(client, [RUBBLE], 1)
    assert (answer.status_code, _said(answer)["error"]) == (409, "This round has closed. The vote was not changed.")
    page = client.get(BALLOT).text
    assert "When you can vote next" in page
    assert "no date yet" in page
    assert receipt not in page


def test_who_is_not_on_the_roll_is_told_how_to_join_by_a_script_as_well(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    opened(database, now=clock.at)
    sign_in(client, "reader@example.org", now=clock.at)
    answer = _post(client, [GRID])
    assert (answer.status_code, _said(answer)["join"]) == (403, "/support")
    assert 'href="/support"' in client.post(BALLOT, data={"choices": GRID, "version": 0}).text


def test_in_an_open_round_its_voters_keep_their_ballot_and_nobody_else_sees_it(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    round_ = opened(database, secret=False, now=clock.at)
    receipt = _said(_post(client, [GRID]))["receipt"]
    assert "open, not secret" in client.get(BALLOT).text
    clock.at = round_.closes_at
    close_due(database, clock)
    page = client.get(BALLOT).text
    assert receipt in page
    assert '<li dir="auto">Who repairs the grid?</li>' in page
    other = app.test_client()
    sign_in(other, "other@example.org", now=clock.at)
    assert receipt not in other.get(BALLOT).text


def test_a_dangerous_topic_is_shown_and_cannot_be_chosen(
    client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    opened(database, now=clock.at)
    with writing(database) as session:
        session.execute(update(RoundTopic).where(RoundTopic.position == 1).values(endangered_at=clock.at))
    page = client.get(BALLOT).text
    assert page.count("cannot win") == 1
    assert f'value="{GRID}" disabled' in page
    answer = _post(client, [GRID])
    assert (answer.status_code, "cannot win any more" in _said(answer)["error"]) == (422, True)


def test_the_page_of_ones_votes_says_what_came_of_them_and_never_what_one_chose(
    client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    assert "No rounds yet" in client.get("/account/votes").text
    round_ = opened(database, now=clock.at)
    assert "You have not voted yet." in client.get("/account/votes").text
    _post(client, [RUBBLE])
    page = client.get("/account/votes")
    assert (page.headers["Cache-Control"], "See or change it" in page.text) == ("no-store", True)
    assert "rubble" not in page.text
    for other in patrons(database, 2, now=clock.at):
        with writing(database) as session:
            entry = {"round_id": round_.id, "standing": "live", "added_at": clock.at, "reason": "joined"}
            session.add(RollEntry(key=str(other.id), account_id=other.id, **entry))
        vote(database, round_, other, GRID, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    page = client.get("/account/votes")
    assert "Chosen: Who repairs the grid?" in page.text
    assert "rubble" not in page.text
    assert "When you can vote next" in page.text


def test_only_who_asked_and_has_not_voted_is_reminded_once(
    app: Flask, seams: Seams, database: Database, clock: SteppedClock
) -> None:
    asked, voted, stopped, silent = patrons(database, 4, now=clock.at)
    round_ = opened(database, now=clock.at)
    with writing(database) as session:
        for each in (asked, voted, stopped):
            ask_for_mail(session, each.id, REMINDERS, now=clock.at)
        stop_mail(session, stopped.id, (REMINDERS,), now=clock.at)
    clock.at = round_.closes_at - 2 * DAY - timedelta(minutes=1)
    assert plan_reminders(seams) == 0
    clock.advance(timedelta(minutes=1))
    vote(database, round_, voted, GRID, clock=clock)
    assert [plan_reminders(seams), plan_reminders(seams)] == [1, 0]
    letters = _reminders(mails(app))
    assert [each["To"] for each in letters] == [asked.email]
    assert BALLOT in text_of(letters[0])
    clock.advance(timedelta(hours=1))
    assert len(_reminders(mails(app))) == 1
    assert silent.email not in {each["To"] for each in letters}


def test_who_is_reminded_is_locked_in_the_order_of_accounts_as_everybody_else_does(
    app: Flask, seams: Seams, database: Database, clock: SteppedClock
) -> None:
    people = patrons(database, 8, now=clock.at)
    round_ = opened(database, now=clock.at)
    with writing(database) as session:
        for each in people:
            ask_for_mail(session, each.id, REMINDERS, now=clock.at)
    clock.at = round_.closes_at - DAY
    plan_reminders(seams)
    mails(app)
    with database.session() as session:
        told = session.scalars(select(News.account_id).where(News.kind == REMINDERS).order_by(News.id)).all()
    assert told == [each.id for each in people]


def test_a_reminder_that_waits_is_dropped_when_one_votes(
    app: Flask, seams: Seams, database: Database, clock: SteppedClock
) -> None:
    (asked,) = patrons(database, 1, now=clock.at)
    round_ = opened(database, now=clock.at)
    with writing(database) as session:
        ask_for_mail(session, asked.id, REMINDERS, now=clock.at)
    clock.at = round_.closes_at - DAY
    plan_reminders(seams)
    with writing(database) as session:
        session.execute(update(OutboxRow).where(OutboxRow.kind == "news_letter").values(due_at=clock.at + DAY / 2))
    vote(database, round_, asked, GRID, clock=clock)
    clock.advance(DAY / 2)
    assert _reminders(mails(app)) == []


def test_reminders_are_asked_for_on_the_ballot_and_stopped_among_the_letters(
    client: FlaskClient, database: Database, clock: SteppedClock, me: Account
) -> None:
    opened(database, now=clock.at)
    assert "Remind me of rounds" in client.get(BALLOT).text
    wish = {"kind": REMINDERS, "wanted": "yes", "next": BALLOT}
    assert client.post("/account/mail", data=wish).location == BALLOT
    assert "No reminders any more" in client.get(BALLOT).text
    assert "Stop: Reminders of rounds" in client.get("/account/mail").text
    assert client.post("/account/mail", data={"kind": REMINDERS, "wanted": "no"}).status_code == 303
    assert "Send me: Reminders of rounds" in client.get("/account/mail").text
    assert "Remind me of rounds" in client.get(BALLOT).text
    elsewhere = client.post("/account/mail", data=wish | {"next": "//elsewhere.example"})
    assert elsewhere.location == "/account/mail?saved=reminders"


def _reminders(letters: list[EmailMessage]) -> list[EmailMessage]:
    return [letter for letter in letters if "closes soon" in str(letter["Subject"])]
