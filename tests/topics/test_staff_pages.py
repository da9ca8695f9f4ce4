"""The editors' pages: drafting, announcing and opening a round, and seeing no count before the close."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.answering import decline
from membership.topics.keeping import open_due
from membership.topics.models import Round, Topic
from tests.accounts.doors import sign_in
from tests.topics.people import TITLES, opened, patrons, shortlisted, vote, writing

WINTER = "/staff/rounds/winter"
GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
FORM = {
    "title": "Winter",
    "question": "What next?",
    "topics": [GRID, RUBBLE, FERRY],
    f"who-{GRID}": "Olena",
    f"takes-{GRID}": "Two weeks on the road",
    f"will_not_be-{GRID}": "No list of stations",
    "opens_on": "2026-11-23",
    "opens_time": "09:00",
    "closes_on": "2026-11-28",
    "closes_time": "20:00",
    "choices": "2",
    "winners": "1",
}
PAGES = (
    ("GET", "/staff/topics"),
    ("GET", "/staff/rounds"),
    ("GET", "/staff/rounds/new"),
    ("POST", "/staff/rounds"),
    ("GET", "/staff/rounds/winter"),
    ("GET", "/staff/rounds/winter/draft"),
    ("POST", "/staff/rounds/winter/draft"),
    ("POST", "/staff/rounds/winter/announcement"),
    ("POST", "/staff/rounds/winter/opening"),
    ("POST", "/staff/rounds/winter/taking-back"),
    ("POST", "/staff/rounds/winter/danger"),
    ("POST", "/staff/rounds/winter/calling-off"),
    ("POST", "/staff/rounds/winter/discarding"),
    ("GET", "/staff/rounds/winter/rehearsal"),
    ("POST", "/staff/rounds/winter/rehearsal"),
)
ALL_FOUR = {"checks": ["answerable", "safe", "somebody", "not_done"]}


@pytest.fixture
def editor(client: FlaskClient, clock: SteppedClock) -> FlaskClient:
    """A browser in which an editor is signed in."""
    sign_in(client, "editor@example.org", "editor", now=clock.at)
    return client


def _drafted(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    shortlisted(database, TITLES[:3], now=clock.at)
    assert editor.post("/staff/rounds", data=FORM).status_code == 303


def _round(database: Database) -> Round:
    with database.session() as session:
        return session.scalars(select(Round)).one()


def _seen(text: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{16})"', text)
    assert found
    return found[1]


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


def test_a_draft_is_announced_and_opens_by_the_newsrooms_clock(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, TITLES[:3], now=clock.at)
    assert editor.get("/staff/rounds/new").text.count('name="topics"') == 3
    answer = editor.post("/staff/rounds", data=FORM)
    assert (answer.status_code, answer.location) == (303, WINTER)
    round_ = _round(database)
    assert (round_.slug, round_.opens_at.isoformat()) == ("winter", "2026-11-23T09:00:00+00:00")
    assert round_.closes_at.isoformat() == "2026-11-28T20:00:00+00:00"
    assert round_.joins_until.isoformat() == "2026-11-27T20:00:00+00:00"
    page = editor.get(WINTER)
    assert page.headers["Cache-Control"] == "no-store"
    assert "Two weeks on the road" in page.text
    # Nobody outside sees a draft.
    assert {editor.get(f"/rounds/winter{rest}").status_code for rest in ("", "/how-we-decide", "/results")} == {404}
    assert editor.post(f"{WINTER}/announcement", data=ALL_FOUR).status_code == 303
    assert "opens by itself" in editor.get(WINTER).text
    assert "Not open yet" in editor.get("/rounds/winter").text
    clock.at = round_.opens_at
    assert open_due(database, clock) == 1
    assert "To the ballot" in editor.get("/rounds/winter").text


def test_all_four_boxes_are_asked_for(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    _drafted(editor, database, clock)
    for act in ("announcement", "opening"):
        answer = editor.post(f"{WINTER}/{act}", data={"checks": ["safe", "answerable", "somebody"]})
        assert answer.status_code == 422
        assert "Tick all four" in answer.text
        assert answer.text.count(" checked") == 3
    assert _round(database).announced_at is None


def test_topics_that_are_alike_stand_beside_the_boxes(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, (*TITLES[:3], "Who repairs the power grid?"), now=clock.at)
    editor.post("/staff/rounds", data=FORM)
    assert 'href="/topics/who-repairs-the-power-grid"' in editor.get(WINTER).text


def test_a_draft_can_be_opened_now(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    _drafted(editor, database, clock)
    assert editor.post(f"{WINTER}/opening", data=ALL_FOUR).status_code == 303
    assert (_round(database).opens_at, _round(database).announced_at) == (clock.at, clock.at)
    assert editor.post(f"{WINTER}/opening", data=ALL_FOUR).status_code == 409


@pytest.mark.parametrize(
    ("days", "sentence"), [(4.5, "Joining ends after the opening"), (9, "would close before it opens")]
)
def test_a_draft_that_was_left_lying_is_not_opened_and_says_why(
    editor: FlaskClient, database: Database, clock: SteppedClock, days: float, sentence: str
) -> None:
    _drafted(editor, database, clock)
    clock.at = _round(database).opens_at + timedelta(days=days)
    answer = editor.post(f"{WINTER}/opening", data=ALL_FOUR)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert _round(database).announced_at is None


def test_a_button_pressed_twice_makes_one_draft(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    _drafted(editor, database, clock)
    assert editor.post("/staff/rounds", data=FORM).location == WINTER
    assert _round(database).title == "Winter"
    assert editor.post("/staff/rounds", data={**FORM, "choices": "1"}).location == f"{WINTER}-2"


def test_all_that_may_be_said_of_twenty_topics_fits(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    with writing(database) as session:
        slugs = [f"topic-{number}" for number in range(20)]
        for slug in slugs:
            session.add(Topic(slug=slug, title=slug, why="Why not?", state="shortlisted", proposed_at=clock.at))
    said = {f"{name}-{slug}": "ї" * 300 for name in ("who", "takes", "will_not_be") for slug in slugs}
    assert editor.post("/staff/rounds", data={**FORM, **said, "topics": slugs}).location == WINTER


def test_what_is_announced_can_be_taken_back_changed_and_announced_anew(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    _drafted(editor, database, clock)
    editor.post(f"{WINTER}/announcement", data=ALL_FOUR)
    refused = editor.post(f"{WINTER}/draft", data=FORM)
    assert refused.status_code == editor.get(f"{WINTER}/draft").status_code == 409
    assert "Take it back to change it" in refused.text
    assert editor.post(f"{WINTER}/taking-back").status_code == 303
    assert editor.get("/rounds/winter").status_code == 404
    assert editor.post(f"{WINTER}/draft", data={**FORM, "winners": "2"}).status_code == 303
    assert editor.post(f"{WINTER}/announcement", data=ALL_FOUR).status_code == 303
    assert _round(database).winners == 2


def test_an_open_round_is_not_edited(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    opened(database, now=clock.at)
    path = "/staff/rounds/winter-energy"
    answers = [editor.post(f"{path}/{act}", data=FORM) for act in ("draft", "taking-back", "discarding", "opening")]
    assert {answer.status_code for answer in answers} == {409}
    assert "What it promised stands" in answers[0].text


def test_two_editors_do_not_overwrite_each_other_unseen(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    _drafted(editor, database, clock)
    seen = _seen(editor.get(f"{WINTER}/draft").text)
    assert seen == _seen(editor.get(WINTER).text)
    editor.post(f"{WINTER}/draft", data={**FORM, "title": "Hers", "seen": seen})
    answer = editor.post(f"{WINTER}/draft", data={**FORM, "title": "His", "seen": seen})
    assert answer.status_code == 409
    assert "Another editor has changed this draft meanwhile" in answer.text
    assert 'value="His"' in answer.text
    announced = editor.post(f"{WINTER}/announcement", data={**ALL_FOUR, "seen": seen})
    assert announced.status_code == 409
    assert _round(database).title == "Hers"
    assert editor.post(f"{WINTER}/draft", data={**FORM, "seen": _seen(answer.text)}).status_code == 303


def test_a_draft_is_thrown_away(editor: FlaskClient, database: Database, clock: SteppedClock) -> None:
    _drafted(editor, database, clock)
    assert editor.post(f"{WINTER}/discarding").location == "/staff/rounds"
    assert [editor.get(WINTER).status_code, editor.post(f"{WINTER}/discarding").status_code] == [404, 404]


def test_the_last_round_is_copied_to_the_next_weeks(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    opened(database, winners=2, now=clock.at)
    clock.at += timedelta(days=10)
    page = editor.get("/staff/rounds/new?like=winter-energy").text
    for value in ("Winter energy", "2026-12-06", "12:00", "2026-12-13", "2026-12-12"):
        assert f'value="{value}"' in page
    assert editor.get("/staff/rounds/new?like=none").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"question": "x" * 300}, "question"),
        ({"topics": [GRID]}, "topics"),
        ({"topics": [GRID, "elsewhere"]}, "topics"),
        ({"topics": [GRID, GRID]}, "topics"),
        ({f"who-{GRID}": "x" * 301}, f"who-{GRID}"),
        ({"opens_on": ""}, "opens_on"),
        ({"opens_on": "0001-01-01"}, "opens_on"),
        ({"opens_on": "2026-11-29"}, "closes_on"),
        ({"joins_on": "2026-11-30"}, "joins_on"),
        ({"joins_on": "soon"}, "joins_on"),
        ({"donor_months": "25"}, "donor_months"),
        ({"donor_months": "0"}, "donor_months"),
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
    assert "stands in a round. Wait until that is over" in answer.text
    assert 'value="Winter"' in answer.text


def test_a_topic_that_leaves_the_shortlist_is_told_before_the_round_is_announced(
    editor: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    _drafted(editor, database, clock)
    with writing(database) as session:
        decline(session, session.scalars(select(Topic).where(Topic.slug == GRID)).one(), "No.", by=None, now=clock.at)
    assert "not on the shortlist any more" in editor.get(WINTER).text
    assert "not on the shortlist any more" in editor.get(f"{WINTER}/draft").text
    assert editor.post(f"{WINTER}/announcement", data=ALL_FOUR).status_code == 409
    assert _round(database).announced_at is None


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
