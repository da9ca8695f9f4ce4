"""The pages of topics and rounds, as a reader and as a patron meets them."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.answering import decline
from membership.topics.ballots import Ballot, voter_in
from membership.topics.keeping import close_due
from membership.topics.models import Round
from membership.topics.open_now import open_round as round_open_now
from membership.topics.proposing import propose
from tests.accounts.doors import sign_in
from tests.topics.people import give, opened, patron, patrons, reread, shortlisted, vote, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"
ROUND = "/rounds/winter-energy"


def _signed_in_patron(client: FlaskClient, database: Database, clock: SteppedClock) -> Account:
    account = sign_in(client, "me@example.org", now=clock.at)
    with writing(database) as session:
        give(session, account, now=clock.at)
    return account


def _ballot(database: Database, round_: Round, account: Account) -> Ballot:
    with database.session() as session:
        voter = voter_in(session, round_.id, account.id)
    assert voter is not None
    return voter.ballot


def _is_public(response: TestResponse) -> bool:
    assert response.status_code == 200, response.text
    return (
        response.headers["Cache-Control"].startswith("public")
        and "Set-Cookie" not in response.headers
        and "Cookie" not in response.headers.get("Vary", "")
    )


def test_the_page_of_topics_without_any_says_how_to_begin(client: FlaskClient) -> None:
    response = client.get("/topics")
    assert _is_public(response)
    assert "No topics yet" in response.text
    assert 'href="/topics/proposal"' in response.text


def test_the_page_of_topics_shows_what_an_editor_has_read_and_nothing_else(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    account = patron(database, "p@example.org", now=clock.at)
    with writing(database) as session:
        propose(session, account.id, "Still hidden", "Because.", now=clock.at)
        refused = propose(session, account.id, "Not for us", "Because.", now=clock.at)
        decline(session, refused, "We have no one there.", by=None, now=clock.at)
    shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    text = client.get("/topics").text
    assert "Still hidden" not in text
    assert "Who repairs the grid?" in text
    assert "Declined: <bdi>We have no one there.</bdi>" in text
    assert 'href="/topics/who-repairs-the-grid"' in text


def test_the_page_of_topics_is_the_same_for_a_signed_in_patron(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    opened(database, now=clock.at)
    before = client.get("/topics").data
    _signed_in_patron(client, database, clock)
    assert client.get("/topics").data == before == app.test_client().get("/topics").data


def test_a_round_shows_topics_and_how_to_join_and_no_count(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    before = client.get(ROUND).text
    vote(database, round_, voter, GRID, clock=clock)
    response = client.get(ROUND)
    assert _is_public(response)
    assert response.text == before
    assert "vote today" in response.text
    assert "<dt>On the roll</dt><dd>4</dd>" in response.text
    assert str(round_.roll_hash_open) in response.text
    assert "data-local" in response.text


def test_after_joins_until_no_page_says_that_one_can_join(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.at)
    clock.at = round_.joins_until
    text = client.get(ROUND).text
    assert "vote today" not in text
    assert "votes in the next one" in text


def test_no_cache_keeps_a_round_beyond_what_its_clock_changes(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.at)
    for moment in (round_.joins_until, round_.closes_at):
        clock.at = moment - timedelta(seconds=30)
        for path in (ROUND, "/topics"):
            assert "s-maxage=30" in client.get(path).headers["Cache-Control"]


def test_between_close_and_count_the_round_says_so(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    clock.at = opened(database, now=clock.at).closes_at
    text = client.get(ROUND).text
    assert "being counted" in text
    assert "/ballot" not in text


@pytest.mark.parametrize("path", ["/rounds/none", "/rounds/none/results", "/rounds/x%27--/results"])
def test_a_round_that_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_there_are_no_results_before_the_close(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    for moment in (clock.at, round_.closes_at):
        clock.at = moment
        answer = client.get(f"{ROUND}/results")
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_ballot_asks_to_sign_in(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    opened(database, now=clock.at)
    answer = client.get(f"{ROUND}/ballot")
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next={ROUND}/ballot")


def test_the_ballot_of_a_reader_says_how_to_join(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    opened(database, now=clock.at)
    sign_in(client, "reader@example.org", now=clock.at)
    for answer in (client.get(f"{ROUND}/ballot"), client.post(f"{ROUND}/ballot", data={"choices": GRID, "version": 0})):
        assert answer.status_code == 403
        assert "This round is for patrons. The 3 topics are open to read." in answer.text
        assert "vote today" in answer.text


def test_a_patron_votes_changes_and_withdraws(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    me = _signed_in_patron(client, database, clock)
    round_ = opened(database, now=clock.at)
    page = client.get(f"{ROUND}/ballot")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.text.count('type="checkbox"') == 3
    answer = client.post(f"{ROUND}/ballot", data={"choices": [GRID, FERRY], "version": "0"})
    assert (answer.status_code, answer.location) == (303, f"{ROUND}/ballot")
    ballot = _ballot(database, round_, me)
    page = client.get(f"{ROUND}/ballot")
    assert ballot.receipt in page.text
    assert page.text.count(" checked") == 2
    assert "Saved" in page.text
    client.post(f"{ROUND}/ballot", data={"choices": RUBBLE, "version": "1"})
    assert _ballot(database, round_, me).choices == {RUBBLE}
    client.post(f"{ROUND}/ballot", data={"version": "2"})
    page = client.get(f"{ROUND}/ballot")
    assert "withdrawn" in page.text
    assert ballot.receipt not in page.text


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        ({"choices": ["elsewhere"], "version": "0"}, 422, "“elsewhere” is not a topic of this round."),
        ({"choices": [GRID, RUBBLE, FERRY], "version": "0"}, 422, "You chose 3 topics; this round has room for 2."),
        ({"version": "0"}, 422, "Choose at least one topic."),
        ({"choices": [GRID], "version": "x"}, 409, "Your ballot was changed meanwhile."),
        ({"choices": [GRID]}, 409, "Your ballot was changed meanwhile."),
    ],
)
def test_a_bad_ballot_comes_back_with_a_sentence(
    client: FlaskClient, database: Database, clock: SteppedClock, data: dict[str, object], status: int, said: str
) -> None:
    me = _signed_in_patron(client, database, clock)
    round_ = opened(database, now=clock.at)
    answer = client.post(f"{ROUND}/ballot", data=data)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")
    assert said in answer.text
    assert answer.text.count(" checked") == len([c for c in data.get("choices", []) if c != "elsewhere"])  # type: ignore[attr-defined]  # lists of slugs
    assert _ballot(database, round_, me).version == 0


def test_a_second_tab_sees_both_and_may_then_save(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    me = _signed_in_patron(client, database, clock)
    round_ = opened(database, now=clock.at)
    client.post(f"{ROUND}/ballot", data={"choices": GRID, "version": "0"})
    answer = client.post(f"{ROUND}/ballot", data={"choices": RUBBLE, "version": "0"})
    assert answer.status_code == 409
    assert '<li dir="auto">Who repairs the grid?</li>' in answer.text
    assert re.search(rf'value="{RUBBLE}" checked', answer.text)
    assert 'name="version" value="1"' in answer.text
    assert _ballot(database, round_, me).choices == {GRID}


def test_a_vote_one_second_after_the_close_is_refused_and_closes_the_round(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    _signed_in_patron(client, database, clock)
    round_ = opened(database, now=clock.at)
    client.post(f"{ROUND}/ballot", data={"choices": GRID, "version": "0"})
    clock.at = round_.closes_at + timedelta(seconds=1)
    assert "being counted" in client.get(f"{ROUND}/ballot").text
    answer = client.post(f"{ROUND}/ballot", data={"choices": RUBBLE, "version": "1"})
    assert answer.status_code == 409
    assert "was not counted" in answer.text
    assert reread(database, round_).closed_at == clock.at
    assert "Chosen: Who repairs the grid?" in client.get(f"{ROUND}/results").text


def test_the_results_stand_with_turnout_bars_and_their_table(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    voters = patrons(database, 6, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    response = client.get(f"{ROUND}/results")
    assert _is_public(response)
    for said in ("6 of 9 patrons voted (67 %)", "6 votes", "0 votes", "Chosen: Who repairs the grid?", "SHA-256"):
        assert said in response.text
    assert response.text.count('<svg class="bar"') == 3
    assert response.text.count("<tr>") == 4
    assert str(reread(database, round_).roll_hash_final) in response.text
    assert f'href="{ROUND}/results"' in client.get(ROUND).text
    assert f'href="{ROUND}/results"' in client.get("/topics").text


@pytest.mark.parametrize("votes", [1, 4])
def test_under_five_ballots_the_page_withholds_counts(
    client: FlaskClient, database: Database, clock: SteppedClock, votes: int
) -> None:
    voters = patrons(database, votes, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    text = client.get(f"{ROUND}/results").text
    assert "Counts are withheld" in text
    assert "votes</span>" not in text
    assert f"{votes + 3} patrons could vote; fewer than 5 did." in text
    assert "<dd>fewer than 5</dd>" in text
    assert "%)" not in text
    assert "Chosen: Who repairs the grid?" in text


def test_other_pages_know_the_round_that_is_open(app: Flask, database: Database, clock: SteppedClock) -> None:
    with app.app_context():
        assert round_open_now(now=clock.at) is None
        round_ = opened(database, now=clock.at)
        found = round_open_now(now=clock.at)
        assert found is not None
        assert (found.slug, found.joins_until, found.closes_at) == (round_.slug, round_.joins_until, round_.closes_at)
        assert round_open_now(now=round_.closes_at) is None


def test_the_account_page_leads_to_the_ballot_while_it_is_open(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    me = _signed_in_patron(client, database, clock)
    assert "Your vote is open" not in client.get("/account").text
    round_ = opened(database, now=clock.at)
    page = client.get("/account").text
    assert "Your vote is open" in page
    assert f'href="{ROUND}/ballot"' in page
    vote(database, round_, me, GRID, clock=clock)
    assert "Your vote is in" in client.get("/account").text
    clock.at = round_.closes_at
    assert f"{ROUND}/ballot" not in client.get("/account").text
