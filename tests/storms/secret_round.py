"""A secret round as it is lived: votes at odd times, changed, with letters between and some by the pages; its close."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from random import Random

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.keeping import close_due
from membership.topics.models import Follow, OpenBallot, RollEntry, Round, Topic
from tests.accounts.doors import mails, sign_in
from tests.storms.matching import Choice
from tests.topics.people import TITLES, WEEK, give, opened, patrons, vote, writing

# So many of the voters come by the pages, so that the log has something to tell.
BY_THE_PAGES = 6
# Seconds: however many they are, all vote within three quarters of the week that a round lasts.
SPREAD = 2 * int(WEEK.total_seconds()) * 3 // 4


@dataclass(frozen=True)
class Held:
    """What each voter chose, by roll row; and of each ballot while it was open its number, roll row and code."""

    truth: Mapping[int, Choice]
    ballots: Sequence[tuple[int, int, str]]


def hold_secretly(app: Flask, database: Database, clock: SteppedClock, voters: int, chance: Random) -> Held:
    """Lets so many people vote for any two topics, each pair as likely as any other, and closes the round."""
    people = patrons(database, voters, now=clock.at)
    browsers = dict(_comes_in(app, database, clock, number) for number in range(BY_THE_PAGES))
    round_ = opened(database, TITLES, now=clock.at)
    voting = [each.id for each in people] + list(browsers)
    chance.shuffle(voting)
    by_id = {each.id: each for each in people}
    with database.session() as session:
        slugs = sorted(session.scalars(select(Topic.slug)))
    chosen = {person: chance.choice(list(combinations(slugs, 2))) for person in voting}
    for person in voting:
        clock.advance(timedelta(seconds=chance.randint(1, min(300, SPREAD // voters))))
        if person in browsers:
            _vote_by_the_page(browsers[person], chosen[person])
            continue
        if chance.random() < 0.2:
            vote(database, round_, by_id[person], chance.choice(slugs), clock=clock)
        vote(database, round_, by_id[person], *chosen[person], clock=clock)
        if chance.random() < 0.05:
            mails(app)
    _follow(database, voting, chance, clock)
    ballots = _ballots(database, round_)
    clock.at = round_.closes_at
    assert close_due(database, clock) == 1
    mails(app)
    with database.session() as session:
        rows = session.execute(select(RollEntry.account_id, RollEntry.id).where(RollEntry.round_id == round_.id))
        ids = {account_id: roll_id for account_id, roll_id in rows}  # noqa: C416 - rows are no pairs to mypy
    return Held({ids[person]: choice for person, choice in chosen.items()}, ballots)


def _comes_in(app: Flask, database: Database, clock: SteppedClock, number: int) -> tuple[int, FlaskClient]:
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    account: Account = sign_in(client, f"reader{number}@example.org", now=clock.at)
    with writing(database) as session:
        give(session, account, now=clock.at)
    return account.id, client


def _vote_by_the_page(client: FlaskClient, choices: Choice) -> None:
    answer = client.post("/rounds/winter-energy/ballot", data={"choices": list(choices), "version": "0"})
    assert answer.status_code == 303, answer.text


def _follow(database: Database, people: Sequence[int], chance: Random, clock: SteppedClock) -> None:
    """Lets some follow topics, whatever they voted for."""
    with writing(database) as session:
        topics = list(session.scalars(select(Topic.id)))
        for person in chance.sample(people, len(people) // 3):
            session.add(Follow(account_id=person, topic_id=chance.choice(topics), since=clock.at))


def _ballots(database: Database, round_: Round) -> list[tuple[int, int, str]]:
    with database.session() as session:
        of_round = select(OpenBallot.id, OpenBallot.roll_id, OpenBallot.receipt).join(
            RollEntry, RollEntry.id == OpenBallot.roll_id
        )
        rows = session.execute(of_round.where(RollEntry.round_id == round_.id).order_by(OpenBallot.id))
        return [(number, roll_id, code) for number, roll_id, code in rows]
