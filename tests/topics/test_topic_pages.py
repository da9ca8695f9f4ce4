"""The pages of topics: proposing one, following one, its history, and the ledger of a year."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.newsroom.site_version import bump
from membership.topics.answering import decline, reconsider, shortlist, withhold
from membership.topics.following import follow
from membership.topics.models import Follow, Topic
from membership.topics.moves import hold_one, move, tell
from membership.topics.promises import promise
from membership.topics.proposing import propose
from membership.topics.words import load_topics
from tests.accounts.doors import mails, sign_in, text_of
from tests.topics.people import opened, patron, shortlisted, writing

GRID = "who-repairs-the-grid"
PROPOSAL = {
    "title": "Who counts the trees?",
    "why": "Forty were felled in May.",
    "sources": "https://example.org/trees",
}
TREES = "who-counts-the-trees"


def _topic(session: Session, slug: str) -> Topic:
    return session.scalars(select(Topic).where(Topic.slug == slug)).one()


def _is_public(response: TestResponse) -> bool:
    return (
        response.status_code == 200
        and response.headers["Cache-Control"].startswith("public")
        and "Set-Cookie" not in response.headers
        and "Cookie" not in response.headers.get("Vary", "")
    )


@pytest.mark.usefixtures("me")
def test_a_patron_proposes_and_sees_it_on_a_page_of_their_own(client: FlaskClient, database: Database) -> None:
    assert "Send the proposal" in client.get("/topics/proposal").text
    answer = client.post("/topics", data=PROPOSAL)
    assert (answer.status_code, answer.location) == (303, "/account/topics?received=yes")
    page = client.get(answer.location)
    assert page.headers["Cache-Control"] == "no-store"
    assert "your proposal is here" in page.text
    assert "Who counts the trees?" in page.text
    assert "Who counts the trees?" not in client.get("/topics").text
    assert client.get(f"/topics/{TREES}").status_code == 404
    with database.session() as session:
        assert session.scalars(select(Topic.sources)).one() == "https://example.org/trees"


def test_the_form_is_reached_by_signing_in(client: FlaskClient) -> None:
    answer = client.get("/topics/proposal")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/topics/proposal")


def test_whose_session_ended_while_typing_keeps_what_was_typed(client: FlaskClient) -> None:
    answer = client.post("/topics", data=PROPOSAL)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (403, "no-store")
    assert "You are signed out" in answer.text
    for typed in PROPOSAL.values():
        assert typed in answer.text


def test_who_is_no_patron_learns_it_before_typing_and_how_to_become_one(
    client: FlaskClient, clock: SteppedClock
) -> None:
    sign_in(client, "reader@example.org", now=clock.at)
    page = client.get("/topics/proposal")
    assert "Patrons propose topics" in page.text
    assert "<textarea" not in page.text
    answer = client.post("/topics", data=PROPOSAL)
    assert answer.status_code == 403
    assert 'href="/support"' in answer.text
    assert PROPOSAL["why"] in answer.text


def test_a_reader_proposes_where_the_newsroom_says_so(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    with writing(database) as session:
        load_topics(session, {"readers_propose": True}, now=clock.at)
        bump(session)
    sign_in(client, "reader@example.org", now=clock.at)
    assert "Send the proposal" in client.get("/topics/proposal").text
    assert client.post("/topics", data=PROPOSAL).status_code == 303


@pytest.mark.usefixtures("me")
def test_a_wrong_proposal_comes_back_with_its_values(client: FlaskClient) -> None:
    answer = client.post("/topics", data={"title": "<script>" * 20, "why": "Kept as typed"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "Kept as typed" in answer.text
    assert "<script>" not in re.sub(r'<script src="[^"]+" defer>', "", answer.text)


@pytest.mark.usefixtures("me")
def test_a_proposal_of_ten_thousand_words_is_told_how_much_fits_and_loses_none(client: FlaskClient) -> None:
    answer = client.post("/topics", data={**PROPOSAL, "why": "слово " * 2000 + "last"})
    assert answer.status_code == 422
    assert "2000 fit" in answer.text
    assert "last</textarea>" in answer.text
    assert client.post("/topics", data={**PROPOSAL, "why": "слово " * 10000}).status_code == 413


@pytest.mark.usefixtures("me")
def test_too_many_proposals_are_told_with_a_time_and_keep_their_words(client: FlaskClient) -> None:
    answers = [client.post("/topics", data={**PROPOSAL, "title": f"Title {number}"}) for number in range(4)]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert answers[3].headers["Retry-After"] == str(24 * 3600)
    assert 'value="Title 3"' in answers[3].text


@pytest.mark.usefixtures("me")
def test_a_proposal_from_another_site_is_refused(client: FlaskClient) -> None:
    answer = client.post("/topics", data=PROPOSAL, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.usefixtures("me")
def test_similar_topics_are_shown_before_a_proposal_is_taken(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    form = {**PROPOSAL, "title": "Who repairs the power grid in winter?"}
    answer = client.post("/topics", data=form)
    assert answer.status_code == 422
    assert f'href="/topics/{GRID}"' in answer.text
    assert 'name="compared" value="Who repairs the power grid in winter?"' in answer.text
    assert client.post("/topics", data={**form, "compared": form["title"]}).status_code == 303


def test_the_part_with_similar_topics_is_public_and_tells_of_public_ones_alone(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    account = patron(database, "p@example.org", now=clock.at)
    with writing(database) as session:
        propose(session, account.id, "Who repairs the secret grid?", "Because.", now=clock.at)
    response = client.get("/topics/similar?title=Who+repairs+grids")
    assert _is_public(response)
    assert "Who repairs the grid?" in response.text
    assert "secret" not in response.text
    for nothing in ("", "?title=", "?title=%F0%9F%98%80", "?title=the", "?title=" + "Where+has+everything+gone" * 40):
        assert "<li>" not in client.get(f"/topics/similar{nothing}").text


def test_the_page_of_a_topic_tells_its_way_without_names(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    account = patron(database, "patron-of-trees@example.org", now=clock.at)
    with writing(database) as session:
        topic = propose(
            session, account.id, "Trees", "One.\n\nTwo.", sources="see https://example.org/?a=1&b=<i>", now=clock.at
        )
        decline(session, topic, "We have no one there.", by=account.id, now=clock.at)
        reconsider(session, topic, by=account.id, now=clock.at)
    response = client.get("/topics/trees")
    assert _is_public(response)
    for said in ("This topic is on the shortlist", "by who proposed it", "We have no one there.", "by an editor"):
        assert said in response.text
    assert 'href="https://example.org/?a=1&amp;b=&lt;i&gt;" rel="nofollow noopener noreferrer ugc"' in response.text
    assert "patron-of-trees" not in response.text
    assert "<i>" not in response.text


def test_a_withheld_topic_is_a_number_in_public_and_its_reason_is_for_its_proposer_alone(
    app: Flask, client: FlaskClient, me: Account, database: Database, clock: SteppedClock
) -> None:
    with writing(database) as session:
        topic = propose(session, me.id, "Trees", "Because.", now=clock.at)
        withhold(session, topic, "Someone could be found by it.", by=None, now=clock.at)
    assert client.get("/topics/trees").status_code == 404
    for page in ("/topics", f"/topics/years/{clock.at.year}", "/topics/similar?title=Trees"):
        public = app.test_client().get(page).text
        assert "Trees" not in public
        assert "could be found" not in public
    assert "Someone could be found by it." in client.get("/account/topics").text
    (letter,) = mails(app)
    assert letter["To"] == "me@example.org"
    assert "Someone could be found by it." in text_of(letter)
    with writing(database) as session:
        reconsider(session, _topic(session, "trees"), by=None, now=clock.at)
    assert "could be found" not in client.get("/topics/trees").text


def test_an_answer_is_told_to_who_proposed_it_in_one_letter_a_week(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    account = patron(database, "p@example.org", now=clock.at)
    with writing(database) as session:
        first, second = (propose(session, account.id, title, "Because.", now=clock.at) for title in ("Trees", "Rivers"))
        decline(session, first, "We have no one there.", by=None, now=clock.at)
    assert "We have no one there." in text_of(mails(app)[-1])
    with writing(database) as session:
        shortlist(session, second, by=None, now=clock.at)
    assert len(mails(app)) == 1
    clock.advance(timedelta(days=7))
    letter = mails(app)[-1]
    assert "Your topic is on the shortlist" in letter["Subject"]
    assert "/topics/rivers" in text_of(letter)


def test_a_proposal_is_withdrawn_on_the_page_of_ones_own(client: FlaskClient, me: Account, database: Database) -> None:
    client.post("/topics", data=PROPOSAL)
    assert "Withdraw it" in client.get("/account/topics").text
    answers = [client.post(f"/account/topics/{TREES}/withdrawal") for _time in range(2)]
    assert [answer.status_code for answer in answers] == [303, 409]
    assert "Withdraw it" not in client.get("/account/topics").text
    assert client.get(f"/topics/{TREES}").status_code == 404


def test_what_was_public_and_is_withdrawn_says_so(client: FlaskClient, me: Account, database: Database) -> None:
    client.post("/topics", data=PROPOSAL)
    with writing(database) as session:
        shortlist(session, _topic(session, TREES), by=None, now=me.created_at)
    client.post(f"/account/topics/{TREES}/withdrawal")
    assert "This topic is withdrawn" in client.get(f"/topics/{TREES}").text
    assert "Who counts the trees?" not in client.get("/topics").text


def test_another_ones_proposal_is_not_there_to_withdraw(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    sign_in(client, "other@example.org", now=clock.at)
    assert client.post(f"/account/topics/{GRID}/withdrawal").status_code == 404


def test_a_reader_follows_a_topic_through_the_sign_in(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    before = client.get(f"/topics/{GRID}").data
    place = f"/topics/{GRID}/following"
    answer = client.post(place)
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next={place}")
    sign_in(client, "reader@example.org", now=clock.at)
    assert "Following is tied to no vote" in client.get(place).text
    for _time in range(2):
        assert client.post(place).location == place
    assert "You follow this topic" in client.get(place).text
    assert client.get(f"/topics/{GRID}").data == before
    assert "Who repairs the grid?" in client.get("/account/topics").text
    for _time in range(2):
        assert client.post(f"/topics/{GRID}/unfollowing").location == "/account/topics"
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Follow)) == 0


def test_a_hidden_topic_is_not_there_to_follow_and_can_be_left(
    client: FlaskClient, me: Account, database: Database, clock: SteppedClock
) -> None:
    (topic,) = shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    with writing(database) as session:
        follow(session, me.id, topic, now=clock.at)
        withhold(session, topic, "Danger.", by=None, now=clock.at)
    assert client.post(f"/topics/{GRID}/following").status_code == 404
    page = client.get("/account/topics").text
    assert "A topic that is not public any more" in page
    assert "Who repairs" not in page
    assert client.post(f"/topics/{GRID}/unfollowing").status_code == 303


@pytest.mark.usefixtures("me")
def test_nobody_learns_by_guessing_which_hidden_topics_there_are(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    (topic,) = shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    with writing(database) as session:
        withhold(session, topic, "Danger.", by=None, now=clock.at)
    for act in ("following", "unfollowing"):
        hidden, none = (client.post(f"/topics/{slug}/{act}") for slug in (GRID, "who-repairs-nothing"))
        assert (hidden.status_code, hidden.text) == (none.status_code, none.text)


def test_the_ledger_of_a_year_tells_what_was_asked_and_what_came_of_it(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    year = clock.at.year
    account = patron(database, "p@example.org", now=clock.at)
    with writing(database) as session:
        chosen, refused, hidden = (
            propose(session, account.id, title, "Because.", now=clock.at) for title in ("Trees", "Rivers", "Names")
        )
        decline(session, refused, "We have no one there.", by=None, now=clock.at)
        withhold(session, hidden, "Danger.", by=None, now=clock.at)
        shortlist(session, chosen, by=None, now=clock.at)
        for state in ("in_round", "selected", "reporting", "published"):
            move(session, hold_one(session, chosen.id), state, by=None, now=clock.at)
        tell(session, [chosen], by=None, now=clock.at)
    response = client.get(f"/topics/years/{year}")
    assert _is_public(response)
    figures = dict(re.findall(r'<dt>(\w+)</dt><dd class="value">(\d+)</dd>', response.text))
    assert figures == {"Asked": "3", "Chosen": "1", "Written": "1", "Postponed": "0", "Declined": "1", "Withheld": "1"}
    assert "We have no one there." in response.text
    assert "Names" not in response.text
    for other in (year - 1, year + 1, 1999, "20x6", "٢٠٢٦"):
        assert client.get(f"/topics/years/{other}").status_code == 404
    clock.advance(timedelta(days=366))
    assert "Nothing to tell yet" in client.get(f"/topics/years/{year + 1}").text
    assert f'href="/topics/years/{year}"' in client.get(f"/topics/years/{year + 1}").text
    assert f'href="/topics/years/{year + 1}"' in client.get(f"/topics/years/{year}").text


def test_the_page_of_a_topic_links_its_rounds(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    text = client.get(f"/topics/{GRID}").text
    assert f'href="/rounds/{round_.slug}"' in text
    assert "This topic is in a round" in text


def test_what_is_promised_stands_on_the_page_and_in_the_history(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    (topic,) = shortlisted(database, ("Who repairs the grid?",), now=clock.at)
    with writing(database) as session:
        held = hold_one(session, topic.id)
        for state in ("in_round", "selected"):
            move(session, held, state, by=None, now=clock.at)
        tell(session, [held], by=None, now=clock.at)
    assert "Nobody has promised a day yet." in client.get(f"/topics/{GRID}").text
    on = (clock.at + timedelta(days=20)).date()
    with writing(database) as session:
        promise(session, topic, "Olena", on, by=None, zone=ZoneInfo("UTC"), now=clock.at)
    text = client.get(f"/topics/{GRID}").text
    assert "Olena does it, by" in text
    assert re.search(r"<b>Promised</b>.*?<p>Olena, by <time", text, re.DOTALL)
    assert '<dt>Chosen</dt><dd class="value">1</dd>' in client.get(f"/topics/years/{clock.at.year}").text
    clock.advance(timedelta(days=21))
    assert "late by 1 day" in client.get(f"/topics/{GRID}").text
