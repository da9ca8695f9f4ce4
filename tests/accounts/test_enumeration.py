"""Nobody learns by asking whether an address is somebody's: the same status, headers, bytes and statements."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.models import OutboxRow
from tests.accounts.doors import person, post_ask, post_code, request_id_of, sign_in

TRIES = 30
# What differs from any answer to the next, whoever is asked about.
VARIES = re.compile(r'(?<=name="request" value=")[^"]+|(?<=name="challenge" value=")[^"]+|(?<=data-options=")[^"]+')


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Notes each statement of the application."""
    noted: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        noted.append(statement)

    engine = app.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", note)
    yield noted
    event.remove(engine, "before_cursor_execute", note)


def address(number: int, *, known: bool) -> str:
    return f"{'k' if known else 'u'}{number:02d}a@example.org"


def seen(response: TestResponse, email: str, request_id: str) -> tuple[object, ...]:
    """Returns all that came back, without what differs each time."""
    shown = f"{email[0]}…{email[3]}@example.org"
    headers = [(name, value) for name, value in response.headers if name != "X-Request-Id"]
    whole = VARIES.sub("…", response.text).replace(shown, "E").replace(email, "E").replace(request_id, "R")
    return response.status_code, str(headers).replace(request_id, "R"), whole


def test_all_answers_are_equal_for_known_and_unknown_addresses(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock, statements: list[str]
) -> None:
    for number in range(TRIES):
        person(database, address(number, known=True), now=clock.now())
    answers: dict[bool, set[object]] = {True: set(), False: set()}
    for number in range(2 * TRIES):
        known, email = number % 2 == 0, address(number // 2, known=number % 2 == 0)
        client.environ_base["REMOTE_ADDR"] = f"198.51.{number}.7"
        request_id = request_id_of(client.get("/sign-in"))
        statements.clear()
        answer = post_ask(client, email, request_id=request_id)
        page = client.get(answer.location)
        refused = post_code(client, request_id, "no code")
        each = tuple(seen(response, email, request_id) for response in (answer, page, refused))
        answers[known].add((each, tuple(statements)))
    assert answers[True] == answers[False]
    assert len(answers[True]) == 1
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 2 * TRIES


def test_a_known_address_is_refused_as_an_unknown_one_when_too_many_mails_were_asked_for(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    person(database, address(0, known=True), now=clock.now())
    refusals = []
    for known in (True, False):
        email = address(0, known=known)
        for _ in range(6):
            request_id = request_id_of(client.get("/sign-in"))
            answer = post_ask(client, email, request_id=request_id)
        refusals.append(seen(answer, email, request_id))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == 429


def test_the_change_of_address_asks_the_database_the_same_for_free_and_taken_ones(
    app: Flask, database: Database, clock: SteppedClock, statements: list[str]
) -> None:
    answers: dict[bool, set[object]] = {True: set(), False: set()}
    for number in range(10):
        known, email = number % 2 == 0, address(number, known=number % 2 == 0)
        if known:
            person(database, email, now=clock.now())
        asker, asking = f"asker{number}@example.org", app.test_client()
        asking.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        sign_in(asking, asker, now=clock.now())
        asking.get("/account/address")
        statements.clear()
        answer = asking.post("/account/address", data={"email": email})
        page = asking.get(answer.location)
        each = tuple(str(seen(response, email, asker)) for response in (answer, page))
        answers[known].add((each, tuple(statements)))
    assert answers[True] == answers[False]
    assert len(answers[True]) == 1
