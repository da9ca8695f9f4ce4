"""The editors' pages: answering proposals, opening a round, and seeing no count before the close."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.models import Round, Topic
from membership.topics.moves import propose
from tests.accounts.doors import sign_in
from tests.topics.people import TITLES, opened, patron, patrons, shortlisted, vote, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
FORM = {
    "title": "Winter",
    "question": "What next?",
    "topics": [GRID, RUBBLE, FERRY],
    "closes_on": "2026-11-28",
    "closes_time": "20:00",
    "choices": "2",
    "winners": "1",
}
PAGES = (
    ("GET", "/staff/topics"),
    ("GET", "/staff/rounds"),
    ("POST", "/staff/rounds"),
    ("POST", f"/staff/topics/{GRID}/shortlisting"),
    ("POST", f"/staff/topics/{GRID}/refusal"),
)


@pytest.fixture
def editor(client: FlaskClient, clock: SteppedClock) -> FlaskClient:
    """A browser in which an editor is signed in."""
    sign_in(client, "editor@example.org", "editor", now=clock.at)
    return client


def _proposed(database: Database, clock: SteppedClock) -> None:
    account = patron(database, "p@example.org", now=clock.at)
    with writing(database) as session:
        propose(session, account.id, "Who repairs the grid?", "Because.", now=clock.at)


def _state(database: Database) -> str:
    with database.session() as session:
        return session.scalars(select(Topic.state)).one()


def test_the_pages_are_for_editors_and_admins(client: FlaskClient, clock: SteppedClock) -> None:
    assert {client.open(path, method=method).status_code for method, path in PAGES} == {303}
    for email, *roles in (("patron@example.org",), ("finance@example.org", "finance")):
        sign_in(client, email, *roles, now=clock.at)
        assert {client.open(path, method=method).status_code for method, path in PAGES} == {404}
    for role in ("editor", "admin"):
        sign_in(client, f"{role}@example.org", role, now=clock.at)
        assert {client.get(path).status_code for path in ("/staff/topics", "/staff/rounds")} == {200}


def test_empty_pages_say_the_next_step(editor: FlaskClient) -> None:
    assert "No proposals" in editor.get("/staff/topics").text
    assert "First round: 3 to 5 topics, 7 days" in editor.get("/staff/rounds").text


def test_an_editor_shortlists_a_proposal(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    _proposed(database, clock)
    page = editor.get("/staff/topics")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Who repairs the grid?" in page.text
    answer = editor.post(f"/staff/topics/{GRID}/shortlisting")
    assert (answer.status_code, answer.location) == (303, "/staff/topics")
    assert _state(database) == "shortlisted"
    assert editor.post(f"/staff/topics/{GRID}/shortlisting").status_code == 409


def test_an_editor_declines_with_a_reason(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    _proposed(database, clock)
    answer = editor.post(f"/staff/topics/{GRID}/refusal", data={"reason": " "})
    assert answer.status_code == 422
    assert "Write something here" in answer.text
    assert _state(database) == "proposed"
    assert editor.post(f"/staff/topics/{GRID}/refusal", data={"reason": "No one there."}).status_code == 303
    assert "Declined: No one there." in editor.get("/topics").text


def test_a_topic_that_is_not_there_is_not_found(editor: FlaskClient) -> None:
    for slug in ("none", "Ä"):
        assert editor.post(f"/staff/topics/{slug}/shortlisting").status_code == 404


def test_an_editor_opens_a_round_that_closes_by_the_newsrooms_clock(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, TITLES[:3], now=clock.at)
    assert editor.get("/staff/rounds").text.count('name="topics"') == 3
    answer = editor.post("/staff/rounds", data=FORM)
    assert (answer.status_code, answer.location) == (303, "/staff/rounds")
    with database.session() as session:
        round_ = session.scalars(select(Round)).one()
    assert (round_.slug, round_.closes_at.isoformat()) == ("winter", "2026-11-28T20:00:00+00:00")
    assert round_.joins_until.isoformat() == "2026-11-27T20:00:00+00:00"
    assert editor.get("/rounds/winter").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"question": "x" * 300}, "question"),
        ({"topics": [GRID]}, "topics"),
        ({"topics": [GRID, "elsewhere"]}, "topics"),
        ({"closes_on": "28.11.2026"}, "closes_on"),
        ({"closes_on": "2026-11-01"}, "closes_on"),
        ({"closes_time": "25:00"}, "closes_time"),
        ({"choices": "two"}, "choices"),
        ({"choices": "9"}, "choices"),
        ({"winners": "-1"}, "winners"),
        ({"winners": "٣"}, "winners"),
    ],
)
def test_a_wrong_form_comes_back_with_its_values(
    editor: FlaskClient, database: Database, clock: SteppedClock, changes: dict[str, object], field: str
) -> None:
    shortlisted(database, TITLES[:3], now=clock.at)
    answer = editor.post("/staff/rounds", data={**FORM, **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert ('value="Winter"' in answer.text) == (field != "title")
    with database.session() as session:
        assert session.scalars(select(Round)).all() == []


def test_a_topic_that_was_taken_meanwhile_is_told(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    opened(database, now=clock.at)
    answer = editor.post("/staff/rounds", data=FORM)
    assert answer.status_code == 409
    assert "stands in an open round" in answer.text


def test_editors_see_the_turnout_from_five_on_and_no_count(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    voters = patrons(database, 5, now=clock.at)
    round_ = opened(database, now=clock.at)
    pages = ("/staff/topics", f"/rounds/{round_.slug}", "/topics")
    vote(database, round_, voters[0], GRID, clock=clock)
    before = [editor.get(page).text for page in pages]
    for voter in voters[1:-1]:
        vote(database, round_, voter, RUBBLE, FERRY, clock=clock)
    assert '<td class="num">fewer than 5</td><td class="num">8</td>' in editor.get("/staff/rounds").text
    vote(database, round_, voters[-1], FERRY, clock=clock)
    assert [editor.get(page).text for page in pages] == before
    assert '<td class="num">5</td><td class="num">8</td>' in editor.get("/staff/rounds").text
