"""Gifts of the past: each has the attempt that the form would have kept, on its day."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.demo import content
from membership.demo.inventing import LONGEST_AGO_DAYS, invented_patrons
from membership.demo.people import begin_story, marks, plan
from membership.payments.models import Attempt

ACTS = (
    {
        "kind": "join",
        "key": "patron-1",
        "days_ago": 200,
        "minutes": 90,
        "details": {"email": "lea@example.org", "amount_minor": 500, "currency": "jpy", "interval": "month"},
    },
    {"kind": "leave", "key": "patron-1", "days_ago": 20, "minutes": 5, "details": {"feedback": "unused"}},
    {
        "kind": "give",
        "key": "donation-1",
        "days_ago": 3,
        "minutes": 0,
        "details": {"email": "anna@example.org", "amount_minor": 9900, "currency": "uah"},
    },
)


@pytest.fixture
def begun(app: Flask, session: Session, now: datetime) -> dict[str, Attempt]:
    with app.app_context(), transaction(session):
        return begin_story(session, ACTS, language="en", now=now)


def test_each_gift_of_a_story_is_an_attempt_of_its_moment(begun: dict[str, Attempt], now: datetime) -> None:
    pledge, donation = begun["patron-1"], begun["donation-1"]

    assert len(begun) == 2
    assert (pledge.cadence, pledge.amount.minor, pledge.amount.currency) == ("month", 500, "JPY")
    assert pledge.created_at == now - timedelta(days=200, minutes=90)
    assert (donation.cadence, donation.amount.minor, donation.amount.currency) == ("once", 9900, "UAH")
    assert donation.state == "open"


def test_marks_name_the_site_and_the_attempt(begun: dict[str, Attempt]) -> None:
    attempt = begun["donation-1"]

    assert marks("ours", attempt) == {"membership_site": "ours", "membership_attempt": attempt.reference}


def test_the_same_number_is_always_the_same_person() -> None:
    assert invented_patrons(range(50)) == invented_patrons(range(50))
    assert invented_patrons([7]) == [invented_patrons(range(50))[7]]


def test_invented_patrons_have_addresses_of_their_own_and_at_most_two_payments() -> None:
    people = invented_patrons(range(500))

    assert len({person["email"] for person in people}) == 500
    assert all(1 <= person["started_days_ago"] <= LONGEST_AGO_DAYS for person in people)
    assert all(person["amount_minor"] > 0 for person in people)


def test_each_invented_patron_has_an_attempt_of_its_day(app: Flask, session: Session, now: datetime) -> None:
    (person,) = invented_patrons([1])

    with app.app_context(), transaction(session):
        (planned,) = plan(session, [person], language="en", now=now)["patrons"]

    attempt = session.scalars(select(Attempt).where(Attempt.reference == planned["client_reference_id"])).one()
    assert planned["metadata"]["membership_attempt"] == attempt.reference
    assert attempt.created_at == now - timedelta(days=person["started_days_ago"])
    assert (attempt.cadence, attempt.state) == (person["interval"], "open")


def test_the_demo_newsroom_is_as_small_as_it_should_be() -> None:
    assert len([*content.ARTICLES.glob("*.md"), *content.ANSWERS.glob("*.md")]) == 6
    assert len(content.topics()["rounds"]) == 3
