"""The editors' pages of topics: what waits longest first, and every answer with its way back."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.clock import SteppedClock
from membership.db import Database
from membership.newsroom.site_version import bump
from membership.topics.calling_off import call_off
from membership.topics.models import Topic
from membership.topics.opening import open_round
from membership.topics.proposing import propose
from membership.topics.words import load_topics
from tests.accounts.doors import sign_in
from tests.topics.people import opened, patron, writing
from tests.topics.test_opening import announced

GRID = "who-repairs-the-grid"
ACTS = ("shortlisting", "refusal", "withholding", "reconsideration", "mending")
PAGES = (
    ("GET", "/staff/topics"),
    ("GET", f"/staff/topics/{GRID}"),
    *(("POST", f"/staff/topics/{GRID}/{act}") for act in ACTS),
)


@pytest.fixture
def editor(client: FlaskClient, clock: SteppedClock) -> FlaskClient:
    """A browser in which an editor is signed in."""
    sign_in(client, "editor@example.org", "editor", now=clock.at)
    return client


@pytest.fixture
def proposal(database: Database, clock: SteppedClock) -> None:
    """A proposal that waits for an editor."""
    account = patron(database, "p@example.org", now=clock.at)
    with writing(database) as session:
        propose(session, account.id, "Who repairs the grid?", "Because.", sources="A letter.", now=clock.at)


def _state(database: Database) -> str:
    with database.session() as session:
        return session.scalars(select(Topic.state).where(Topic.slug == GRID)).one()


@pytest.mark.usefixtures("proposal")
def test_the_pages_are_for_editors_and_admins(client: FlaskClient, clock: SteppedClock) -> None:
    assert {client.open(path, method=method).status_code for method, path in PAGES} == {303}
    for email, *roles in (("patron@example.org",), ("finance@example.org", "finance")):
        sign_in(client, email, *roles, now=clock.at)
        assert {client.open(path, method=method).status_code for method, path in PAGES} == {404}
    for role in ("editor", "admin"):
        sign_in(client, f"{role}@example.org", role, now=clock.at)
        assert {client.get(path).status_code for method, path in PAGES if method == "GET"} == {200}


@pytest.mark.usefixtures("proposal")
def test_an_editor_shortlists_a_proposal(editor: FlaskClient, database: Database) -> None:
    page = editor.get("/staff/topics")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Who repairs the grid?" in page.text
    answer = editor.post(f"/staff/topics/{GRID}/shortlisting")
    assert (answer.status_code, answer.location) == (303, "/staff/topics")
    assert _state(database) == "shortlisted"
    assert editor.post(f"/staff/topics/{GRID}/shortlisting").status_code == 409


@pytest.mark.usefixtures("proposal")
@pytest.mark.parametrize(("act", "state"), [("refusal", "declined"), ("withholding", "withheld")])
def test_an_answer_needs_a_reason_and_can_be_taken_back(
    editor: FlaskClient, database: Database, act: str, state: str
) -> None:
    place = f"/staff/topics/{GRID}/{act}"
    answer = editor.post(place, data={"reason": " "})
    assert answer.status_code == 422
    assert f'id="error-{act}"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert _state(database) == "proposed"
    assert editor.post(place, data={"reason": "No one there."}).status_code == 303
    assert _state(database) == state
    assert editor.post(place, data={"reason": "No one there."}).status_code == 409
    assert "No one there." in editor.get(f"/staff/topics/{GRID}").text
    answer = editor.post(f"/staff/topics/{GRID}/reconsideration")
    assert answer.location == f"/staff/topics/{GRID}"
    assert _state(database) == "shortlisted"
    assert editor.post(f"/staff/topics/{GRID}/reconsideration").status_code == 409


@pytest.mark.usefixtures("proposal")
def test_what_waits_too_long_stands_first_and_says_how_long(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    clock.advance(timedelta(days=10))
    assert "Overdue" not in editor.get("/staff/topics").text
    with writing(database) as session:
        load_topics(session, {"answer_days": 7}, now=clock.at)
        bump(session)
    account = patron(database, "late@example.org", now=clock.at)
    with writing(database) as session:
        propose(session, account.id, "Not late at all", "Because.", now=clock.at)
    text = editor.get("/staff/topics").text
    assert "We promised an answer within 7 days." in text
    assert "waits for 10 days" in text
    assert text.index("Overdue") < text.index("Who repairs") < text.index("Proposals to answer")
    assert text.index("Proposals to answer") < text.index("Not late at all")


@pytest.mark.usefixtures("proposal")
def test_an_editor_mends_words_before_anybody_else_reads_them(
    app: Flask, editor: FlaskClient, database: Database
) -> None:
    place = f"/staff/topics/{GRID}/mending"
    wrong = editor.post(place, data={"title": "", "why": "Kept as typed"})
    assert wrong.status_code == 422
    assert 'id="title-error"' in wrong.text
    assert "Kept as typed" in wrong.text
    answer = editor.post(place, data={"title": "Who mends the grid?", "why": "No name here."})
    assert answer.location == "/staff/topics/who-mends-the-grid"
    assert "Who repairs the grid?" in editor.get(answer.location).text
    assert editor.post("/staff/topics/who-mends-the-grid/shortlisting").status_code == 303
    public = app.test_client().get("/topics/who-mends-the-grid").text
    assert "Words mended" in public
    for before in ("repairs", "Because.", "A letter."):
        assert before not in public
    late = editor.post("/staff/topics/who-mends-the-grid/mending", data={"title": "Other", "why": "Other"})
    assert late.status_code == 409


def test_what_stands_in_a_round_leads_there(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    opened(database, now=clock.at)
    text = editor.get(f"/staff/topics/{GRID}").text
    assert "mark it there" in text
    assert "Withhold it" not in text


def test_what_stands_in_a_round_that_has_not_opened_says_the_way_out(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    announced(database, now=clock.at)
    text = editor.get(f"/staff/topics/{GRID}").text
    assert "take that round back" in text
    assert 'href="/staff/rounds/winter"' in text


def test_a_round_that_was_called_off_does_not_stand_before_the_one_that_counts(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    later = announced(database, now=clock.at)
    with writing(database) as session:
        call_off(session, later.id, "Too early.", by=None, now=clock.at)
    with writing(database) as session:
        topics = list(session.scalars(select(Topic.slug)))
        closes_at = clock.at + timedelta(hours=2)
        open_round(session, "First", "What?", topics, closes_at=closes_at, choices=1, winners=1, by=None, now=clock.at)
    assert 'class="button" href="/staff/rounds/first"' in editor.get(f"/staff/topics/{GRID}").text
    page = editor.get("/topics").text
    assert 'href="/rounds/first"' in page
    assert "/rounds/winter" not in page


def test_a_topic_that_is_not_there_is_not_found(editor: FlaskClient) -> None:
    for slug in ("none", "Ä"):
        assert editor.get(f"/staff/topics/{slug}").status_code == 404
        for act in ACTS:
            assert editor.post(f"/staff/topics/{slug}/{act}").status_code == 404
