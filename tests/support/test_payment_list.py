"""All payments of one person, page by page: none is out of reach, and none is somebody else's."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.money import Money
from tests.accounts.doors import sign_in
from tests.support.years import MARCH, paid
from tests.topics.people import reader, writing

AMOUNT = re.compile(r"<b>€(\d+\.\d\d)</b>")
EARLIER = re.compile(r'href="(/account/payments\?before=[^"]+)"')


@pytest.fixture
def owner(client: FlaskClient, clock: SteppedClock) -> Account:
    return sign_in(client, "ada@example.org", now=clock.at)


def test_every_payment_stands_on_one_page_and_the_newest_comes_first(
    client: FlaskClient, database: Database, owner: Account
) -> None:
    with writing(database) as session:
        # Two a day: what was made at one moment must not be left out between two pages.
        for number in range(130):
            paid(session, owner, Money(500 + number, "EUR"), MARCH + timedelta(days=number // 2))
    shown, href = [], "/account/payments"
    while href:
        page = client.get(href)
        assert page.headers["Cache-Control"] == "no-store"
        shown += AMOUNT.findall(page.text)
        found = EARLIER.search(page.text)
        href = found[1] if found else ""
    assert shown == [f"{(500 + number) / 100:.2f}" for number in reversed(range(130))]


def test_the_account_shows_a_year_of_them_and_leads_to_the_rest(
    client: FlaskClient, database: Database, owner: Account
) -> None:
    with writing(database) as session:
        for month in range(12):
            paid(session, owner, Money(500, "EUR"), MARCH + timedelta(days=31 * month))
    assert "All payments" not in client.get("/account").text
    with writing(database) as session:
        paid(session, owner, Money(700, "EUR"), MARCH - timedelta(days=31))
    page = client.get("/account").text
    assert (len(AMOUNT.findall(page)), "7.00" in page, "All payments" in page) == (12, False, True)


def test_a_reference_of_somebody_else_leads_nowhere_else(
    client: FlaskClient, database: Database, owner: Account, clock: SteppedClock
) -> None:
    other = reader(database, "other@example.org", now=clock.at)
    with writing(database) as session:
        paid(session, owner, Money(600, "EUR"), MARCH)
        foreign = paid(session, other, Money(900, "EUR"), MARCH + timedelta(days=1)).reference
    for before in (foreign, "nothing", "", "'"):
        assert AMOUNT.findall(client.get("/account/payments", query_string={"before": before}).text) == ["6.00"]


def test_without_any_the_page_says_so(client: FlaskClient, owner: Account) -> None:
    assert "None yet" in client.get("/account/payments").text
