"""The public pages of rounds: the calendar, how a round is decided, the feed; and the editors' rehearsal."""

import re
from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import MetaData, select

from membership.clock import SteppedClock
from membership.db import Base, Database
from membership.errors import NotAllowed, Refusal
from membership.topics import opening
from membership.topics.answering import withhold
from membership.topics.danger import endanger
from membership.topics.keeping import close_due, open_due
from membership.topics.models import RollEntry, Round
from membership.topics.open_now import next_round, open_round
from membership.topics.roll import may_vote_now
from membership.topics.round_terms import Candidate
from tests.accounts.doors import sign_in
from tests.topics.aftermath import chosen, does
from tests.topics.people import TITLES, give, opened, patrons, reader, shortlisted, vote, writing
from tests.topics.test_opening import announced

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_calendar_is_empty_and_says_the_next_step(client: FlaskClient) -> None:
    page = client.get("/rounds")
    assert "No round yet" in page.text
    assert 'href="/topics"' in page.text
    assert "Set-Cookie" not in page.headers


def test_the_calendar_shows_what_comes_what_is_open_and_what_was(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = announced(database, now=clock.at)
    page = client.get("/rounds")
    assert "Coming" in page.text
    topics = client.get("/topics").text
    assert ("In the next vote" in topics, "In a vote now" in topics) == (True, False)
    with app.app_context():
        assert open_round(now=clock.at) is None
        found = next_round()
        assert found is not None
        assert (found.slug, found.opens_at) == ("winter", round_.opens_at)
    clock.at = round_.opens_at - timedelta(seconds=20)
    assert "s-maxage=20" in client.get("/rounds").headers["Cache-Control"]
    clock.at = round_.opens_at
    open_due(database, clock)
    assert "Open now" in client.get("/rounds").text
    topics = client.get("/topics").text
    assert ("In the next vote" in topics, "In a vote now" in topics) == (False, True)
    with app.app_context():
        assert next_round() is None
    clock.at = round_.closes_at
    assert "being counted" in client.get("/rounds").text
    close_due(database, clock)
    after = client.get("/rounds").text
    assert "/rounds/winter/results" in after
    assert "the next one is not announced yet" in after


def test_a_draft_stands_on_no_public_page(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    announced(database, now=clock.at)
    with writing(database) as session:
        session.scalars(select(Round)).one().announced_at = None
    for path in ("/rounds", "/topics", "/rounds/feed.xml", "/"):
        assert "Winter" not in client.get(path).text


@pytest.mark.parametrize(
    ("choices", "winners", "hours", "donor_months"), [(1, 1, 48, None), (2, 2, 200, None), (3, 1, 72, 3)]
)
def test_how_we_decide_says_what_the_round_then_does(
    client: FlaskClient,
    database: Database,
    clock: SteppedClock,
    choices: int,
    winners: int,
    hours: int,
    donor_months: int | None,
) -> None:
    voters = patrons(database, 5, now=clock.at)
    lasts = {"closes_at": clock.at + timedelta(days=1, hours=hours)}
    values = {"choices": choices, "winners": winners, "donor_months": donor_months, **lasts}
    round_ = announced(database, **values, now=clock.at)
    clock.at = round_.opens_at
    open_due(database, clock)
    text = _plain(client.get("/rounds/winter/how-we-decide").text)
    # How many one may choose.
    assert f"names up to {choices} of 3 topics" in text
    for topics in ((GRID, RUBBLE, FERRY)[:choices], (GRID, RUBBLE, FERRY)[: choices + 1]):
        if len(topics) <= choices:
            vote(database, round_, voters[0], *topics, clock=clock)
        else:
            with pytest.raises(Refusal, match="room for"):
                vote(database, round_, voters[0], *topics, clock=clock)
    # Who joins until when.
    assert ("before the close can still vote" in text) == (hours < 72)
    last_moment = round_.joins_until - timedelta(seconds=1)
    assert [_joins(database, at) for at in (last_moment, round_.joins_until)] == [1, 0]
    assert ("who has given once since" in text) == (donor_months is not None)
    # Who wins, and what a tie comes to: the earlier proposal goes first.
    assert ("The topic with the most votes is chosen." in text) == (winners == 1)
    assert "proposed earlier goes first" in text
    for voter in voters:
        vote(database, round_, voter, *(RUBBLE, GRID)[: min(choices, 2)], clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    page = client.get("/rounds/winter/results").text
    expected = {1: ["Where does the rubble go?"], 2: ["Who repairs the grid?", "Where does the rubble go?"]}
    chosen = expected[min(choices, 2)][:winners]
    assert re.findall(r"Chosen: ([^<]+)<", page)[: len(chosen)] == chosen
    assert "This round is secret" in text


def test_how_we_decide_of_an_open_round_says_what_open_means(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, secret=False, now=clock.at)
    text = _plain(client.get(f"/rounds/{round_.slug}/how-we-decide").text)
    assert "This round is open: after the close each voter still sees their own ballot" in text
    assert "secret" not in text


def _plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html[html.index("<main") :]))


def _joins(database: Database, at: datetime) -> int:
    account = reader(database, f"joins{at:%d%H%M%S}@example.org", now=at)
    with writing(database) as session:
        give(session, account, now=at)
        return may_vote_now(session, account.id, now=at)


def test_the_feed_tells_of_opening_and_result(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    empty = client.get("/rounds/feed.xml")
    assert empty.mimetype == "application/atom+xml"
    assert ElementTree.fromstring(empty.data).findall(f"{ATOM}entry") == []  # noqa: S314 - our own
    round_ = opened(database, now=clock.at)
    clock.at = round_.closes_at
    close_due(database, clock)
    root = ElementTree.fromstring(client.get("/rounds/feed.xml").data)  # noqa: S314 - our own
    titles = [entry.findtext(f"{ATOM}title") for entry in root.findall(f"{ATOM}entry")]
    assert titles == ["Results: Winter energy", "Open: Winter energy"]
    ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
    assert len(set(ids)) == 2


def test_a_rehearsal_writes_no_row(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    announced(database, now=clock.at)
    sign_in(client, "editor@example.org", "editor", now=clock.at)
    path = "/staff/rounds/winter/rehearsal"
    before = _rows(database)
    assert "Nothing of this is kept" in client.get(path).text
    first = client.post(path, data={"choices": [GRID]}).text
    assert "1 practice ballot is cast." in first
    second = client.post(path, data={"cast": [GRID, "no such topic"], "choices": [GRID, RUBBLE]}).text
    assert re.findall(r'name="cast" value="([^"]+)"', second) == [GRID, f"{GRID} {RUBBLE}"]
    many = client.post(path, data={"cast": [GRID], "choices": [GRID, RUBBLE, FERRY]})
    assert (many.status_code, "room for 2" in many.text) == (422, True)
    assert client.post(path, data={"cast": [GRID]}).status_code == 422
    counted = _plain(client.post(path, data={"cast": [GRID, f"{GRID} {RUBBLE}"], "then": "count"}).text)
    assert "Who repairs the grid? 2 Chosen" in counted
    assert "Where does the rubble go? 1 Back on the shortlist" in counted
    assert _rows(database) == before


def test_a_rehearsal_shows_the_ballot_as_voters_see_it(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, TITLES[:2], now=clock.at)
    named = [Candidate(GRID, "Olena", "Two weeks", "No list of stations"), Candidate(RUBBLE)]
    with writing(database) as session:
        round_ = opening.open_round(
            session,
            "Winter",
            "What?",
            named,
            closes_at=clock.at + timedelta(days=2),
            choices=1,
            winners=1,
            by=None,
            now=clock.at,
        )
        endanger(session, round_.id, GRID, "It was shelled.", by=None, now=clock.at)
    sign_in(client, "proposer0@example.org", "editor", now=clock.at)
    path = "/staff/rounds/winter/rehearsal"
    ballot, rehearsal = (client.get(each).text for each in ("/rounds/winter/ballot", path))
    for said in (
        "Who would do it: Olena",
        "What it will not be: No list",
        "cannot win",
        'type="radio"',
        'dir="auto">Who',
    ):
        assert (said in ballot, said in rehearsal) == (True, True)
    counted = _plain(client.post(path, data={"cast": [GRID], "then": "count"}).text)
    assert "Who repairs the grid? 1 Chosen" not in counted


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    tables: MetaData = Base.metadata
    with database.session() as session:
        # A session's own row says when it was last seen.
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in tables.sorted_tables
            if table.name != "sessions"
        }


def test_who_is_on_no_roll_is_refused(database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    stranger = reader(database, "stranger@example.org", now=clock.at)
    with pytest.raises(NotAllowed):
        vote(database, round_, stranger, GRID, clock=clock)
    with database.session() as session:
        assert stranger.id not in set(session.scalars(select(RollEntry.account_id)))


def test_the_feed_does_not_name_what_was_withheld_since(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    chosen(database, clock)
    assert "Chosen: Who repairs the grid?" in client.get("/rounds/feed.xml").text
    does(database, withhold, "Somebody was threatened.", now=clock.at)
    feed = client.get("/rounds/feed.xml").text
    assert "grid" not in feed
    assert "What was chosen has been withheld for safety." in feed
