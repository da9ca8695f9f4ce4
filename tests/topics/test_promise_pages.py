"""The trackers of promises: what editors do at each, and what everybody sees."""

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.answering import decline
from membership.topics.promises import begin_reporting, postpone, promise, publish
from tests.accounts.doors import mails, sign_in
from tests.topics.aftermath import DAY, GRID, KYIV, RUBBLE, chosen, does, told

ACTS = ("promise", "reporting", "postponement", "publication", "promise/refusal", "promise/late-notice")


@pytest.fixture
def editor(client: FlaskClient, clock: SteppedClock) -> FlaskClient:
    sign_in(client, "editor@example.org", "editor", now=clock.at)
    return client


def _act(name: str, slug: str = GRID) -> str:
    return f"/staff/topics/{slug}/{name}"


def test_the_tracker_is_for_editors(client: FlaskClient, clock: SteppedClock) -> None:
    ways = [("GET", "/staff/promises"), *(("POST", _act(name)) for name in ACTS)]
    assert {client.open(path, method=method).status_code for method, path in ways} == {303}
    sign_in(client, "finance@example.org", "finance", now=clock.at)
    assert {client.open(path, method=method).status_code for method, path in ways} == {404}


def test_where_nothing_is_owed_the_pages_say_what_comes(editor: FlaskClient) -> None:
    assert "Nothing is owed" in editor.get("/staff/promises").text
    assert "Nothing was chosen yet" in editor.get("/topics/promises").text
    assert editor.post(_act("reporting", "no-such-topic")).status_code == 404


def test_an_editor_leads_a_winner_to_its_article(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    chosen(database, clock)
    page = editor.get("/staff/promises")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Nobody has promised a day yet." in page.text
    for name, form in (
        ("promise", {"person": "Olena", "promised_on": "2026-12-20"}),
        ("reporting", {}),
        ("publication", {"url": "/articles/grid", "title": "The grid, repaired"}),
    ):
        answer = editor.post(_act(name), data=form)
        assert (answer.status_code, answer.location) == (303, f"/staff/promises#{GRID}")
    for path in ("/staff/promises", "/topics/promises"):
        assert "The grid, repaired" in editor.get(path).text
    assert editor.post(_act("publication"), data={"url": "/articles/x", "title": "X"}).status_code == 409


@pytest.mark.parametrize(
    ("name", "form", "sentence"),
    [
        ("promise", {"person": "Olena", "promised_on": "soon"}, "Write it like 2027-01-20."),
        ("promise", {"person": "Olena", "promised_on": "2026-11-01"}, "That day has passed."),
        ("postponement", {"month": "2026-10", "reason": "Olena is away."}, "That month has passed."),
        ("postponement", {"month": "January", "reason": "Olena is away."}, "Write it like 2027-01."),
        ("postponement", {"month": "2027-01", "reason": ""}, "Write something here"),
        ("publication", {"url": "javascript:alert(1)", "title": "Kept"}, "Write an address that begins with https://"),
        ("promise/refusal", {"reason": " "}, "Write something here"),
    ],
)
def test_a_form_that_is_not_right_comes_back_as_it_was_typed(
    editor: FlaskClient, database: Database, clock: SteppedClock, name: str, form: dict[str, str], sentence: str
) -> None:
    chosen(database, clock)
    answer = editor.post(_act(name), data=form)
    assert answer.status_code == 422
    assert answer.text.count(sentence) == 1
    assert all(value.strip() in answer.text for value in form.values())
    assert answer.text.count('aria-invalid="true"') == 1


def test_that_a_promise_is_late_stands_there_until_they_were_told(
    app: Flask, editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    chosen(database, clock)
    does(database, promise, "Olena", date(2026, 12, 1), zone=KYIV, now=clock.at)
    assert editor.post(_act("promise/late-notice")).status_code == 409
    clock.advance(3 * DAY)
    sign_in(editor, "editor@example.org", "editor", now=clock.at)
    page = editor.get("/staff/promises").text
    for said in ("1 promise is late", "late by 1 day", "Nobody was told.", "Write to the 6 who voted"):
        assert said in page
    clock.advance(DAY)
    assert "late by 2 days" in editor.get("/topics/promises").text
    assert editor.post(_act("promise/late-notice")).status_code == 303
    mails(app)
    assert len(told(database, "outcomes")) == 6
    page = editor.get("/staff/promises").text
    assert "Those who voted were told that it is late." in page
    assert "Write to the 6 who voted" not in page


def test_everybody_sees_the_same_tracker_until_midnight(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    chosen(database, clock)
    does(database, promise, "Olena", date(2026, 12, 20), zone=KYIV, now=clock.at)
    clock.at = clock.at.replace(month=12, day=20, hour=23, minute=59, second=30)
    page = client.get("/topics/promises")
    assert page.headers["Cache-Control"] == "public, max-age=0, s-maxage=30"
    assert "Set-Cookie" not in page.headers
    for said in ("Olena does it, by", "20 December 2026", "by 6 of the 6 patrons who voted", "Winter energy"):
        assert said in page.text
    clock.advance(DAY / 24)
    assert "late by 1 day" in client.get("/topics/promises").text


def test_the_tracker_names_what_was_postponed_and_what_was_declined_after_all(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    chosen(database, clock)
    does(database, postpone, date(2027, 1, 1), "Olena is in Kharkiv.", zone=KYIV, now=clock.at)
    page = client.get("/topics/promises").text
    assert "Moves to January 2027. Olena is in Kharkiv. The vote stands." in " ".join(page.split())
    does(database, decline, "The archive burned.", now=clock.at)
    page = client.get("/topics/promises").text
    assert "Declined after it was chosen: The archive burned." in page
    assert RUBBLE not in page


def test_under_five_ballots_no_number_is_told(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    chosen(database, clock, voters=4)
    does(database, begin_reporting, now=clock.at)
    does(database, publish, "https://example.org/grid", "The grid", now=clock.at)
    page = client.get("/topics/promises").text
    assert "who voted" not in page
    assert 'Chosen in <a href="/rounds/winter-energy/results">Winter energy</a>.' in page
