"""The letter about a result: what was chosen, how to follow a single topic, and nothing that was withheld since."""

from email.message import EmailMessage

from flask import Flask
from flask.testing import FlaskClient

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.answering import withhold
from membership.topics.keeping import close_due
from membership.topics.opening import open_round
from tests.accounts.doors import mails, sign_in, text_of
from tests.topics.aftermath import DAY, GRID, RUBBLE, chosen, does
from tests.topics.people import patrons, shortlisted, vote, writing

FERRY = "the-last-ferrymen"


def _letter(app: Flask, to: Account) -> EmailMessage:
    (letter,) = [each for each in mails(app) if each["To"] == to.email and "Results" in str(each["Subject"])]
    return letter


def test_the_letter_leads_to_a_button_for_each_topic_to_follow(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock)
    letter = _letter(app, voters[0])
    for slug in (GRID, RUBBLE, FERRY):
        assert f"http://localhost:8000/topics/{slug}/following" in text_of(letter)
    # Looking follows nothing: mail programs open links before people do.
    sign_in(client, str(voters[0].email), now=clock.at)
    assert 'action="/topics/the-last-ferrymen/following"' in client.get(f"/topics/{FERRY}/following").text


def test_what_was_withheld_before_the_letter_goes_is_not_named_in_it(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock)
    does(database, withhold, "Somebody was threatened.", now=clock.at)
    text = text_of(_letter(app, voters[0]))
    assert "grid" not in text
    assert "has been withheld for safety since" in text
    assert "You hear what becomes of it." not in text
    assert f"/topics/{RUBBLE}/following" in text


def test_where_donors_could_vote_nobody_is_called_a_patron(app: Flask, database: Database, clock: SteppedClock) -> None:
    voters = patrons(database, 5, now=clock.at)
    slugs = [each.slug for each in shortlisted(database, now=clock.at)]
    with writing(database) as session:
        round_ = open_round(
            session,
            "Winter",
            "What next?",
            slugs[:3],
            closes_at=clock.at + 7 * DAY,
            choices=2,
            winners=1,
            donor_months=6,
            by=None,
            now=clock.at,
        )
    for each in voters:
        vote(database, round_, each, GRID, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    text = text_of(_letter(app, voters[0]))
    assert "5 of 9 who could vote did, you among them." in text
    assert "patron" not in text.replace("patron0@", "")
