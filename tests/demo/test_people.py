"""Invented people: the same ones on every machine, with amounts that the sandbox takes."""

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.demo import content
from membership.demo.people import LONGEST_AGO_DAYS, invented, plan
from membership.money import parse_amount
from membership.payments.models import Attempt


def test_the_same_number_is_always_the_same_person() -> None:
    assert invented(range(50)) == invented(range(50))
    assert invented([7]) == [invented(range(50))[7]]


def test_invented_patrons_have_addresses_of_their_own_and_at_most_two_payments() -> None:
    people = invented(range(500))

    assert len({person["email"] for person in people}) == 500
    assert all(1 <= person["started_days_ago"] <= LONGEST_AGO_DAYS for person in people)
    assert all(parse_amount(person["amount"], person["currency"]).minor > 0 for person in people)


def test_the_demo_newsroom_is_as_small_as_it_should_be() -> None:
    people = content.patrons()

    assert len(people["patrons"]) == 8
    assert all(row["cadence"] == "year" or row["started_days_ago"] <= 60 for row in people["patrons"])
    assert len(list(content.ARTICLES.glob("*.md"))) == 6
    assert len(content.topics()["rounds"]) == 2


def test_each_gift_is_an_attempt_of_its_day(app: Flask, session: Session, now: datetime) -> None:
    people = {"patrons": invented([1]), "donations": [{**invented([2])[0], "days_ago": 3}]}

    with app.app_context(), transaction(session):
        planned = plan(session, people, language="en", now=now)

    donation = planned["donations"][0]
    attempt = session.scalars(select(Attempt).where(Attempt.reference == donation["client_reference_id"])).one()
    assert donation["metadata"]["membership_attempt"] == attempt.reference
    assert attempt.created_at == now - timedelta(days=3)
    assert (attempt.cadence, attempt.state) == ("once", "open")
    assert planned["patrons"][0]["interval"] in ("month", "year")
