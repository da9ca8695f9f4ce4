"""The page "today": who sees it, and what stands on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from membership.db import Database
from membership.money import Money
from tests.accounts.doors import sign_in
from tests.dashboard.planting import at_home_in_kyiv, ended, kyiv, patron, payment, settled, writing

FIVE = Money(500, "EUR")


def text_of(client: FlaskClient, path: str = "/staff/") -> str:
    """The words of a page, without its tags."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    words = unescape(re.sub(r"<[^>]+>", " ", response.text))
    return re.sub(r"\s+", " ", words)


def plant(database: Database, *, now: datetime) -> None:
    """November: €5 monthly, UAH 400 settled as €8.20, ¥1,500 once; one came, one left, one is a duplicate."""
    at_home_in_kyiv(database, now=now)
    with writing(database) as session:
        patron(session, "secret.name@example.org", Money(6000, "EUR"), kyiv(3, 1), cadence="year")
        patron(session, "secret.name@example.org", FIVE, kyiv(11, 2), live=False, why="duplicate")
        patron(session, "b@example.org", FIVE, kyiv(11, 3))
        ended(session, "c@example.org", FIVE, kyiv(5, 1), ended_at=kyiv(11, 4))
        hryvnias = payment(session, Money(40000, "UAH"), kyiv(11, 22, 9, 5))
        settled(session, Money(820, "EUR"), 45, kyiv(11, 22, 9, 5), of=hryvnias)
        yen = payment(session, Money(1500, "JPY"), kyiv(11, 21))
        settled(session, Money(1500, "JPY"), 94, kyiv(11, 21), of=yen)
        payment(session, Money(1200, "EUR"), kyiv(11, 20), "pending")


def test_finance_sees_the_month_by_currency(client: FlaskClient, database: Database, now: datetime) -> None:
    plant(database, now=now)
    sign_in(client, "finance@example.org", "finance", now=now)

    text = text_of(client)

    assert "As of 22 November 2026, 14:00 Kyiv time" in text
    assert "Money in November 2026 Gross €8.20 ¥1,500 All that readers gave" in text
    assert "Fees €0.45 ¥94 What Stripe kept" in text
    assert "Net €7.75 ¥1,406 Gross, less fees" in text
    assert "Given back" not in text


def test_finance_sees_the_patrons_with_definitions(client: FlaskClient, database: Database, now: datetime) -> None:
    plant(database, now=now)
    sign_in(client, "finance@example.org", "finance", now=now)

    text = text_of(client)

    assert "Paying patrons 2 Live pledges with a payment that succeeded." in text
    assert "Monthly recurring revenue €10.00 What these patrons promise for a month" in text
    assert "New 1 Pledges whose first payment succeeded this month." in text
    assert "Lost 1 Paid pledges that ended this month" in text
    assert "€60.00 a year 1 patron" in text


def test_what_was_given_back_has_a_figure_of_its_own(client: FlaskClient, database: Database, now: datetime) -> None:
    plant(database, now=now)
    with writing(database) as session:
        given = payment(session, FIVE, kyiv(11, 5), "refunded")
        settled(session, Money(-500, "EUR"), 0, kyiv(11, 5), of=given, kind="refund")
    sign_in(client, "finance@example.org", "finance", now=now)

    text = text_of(client)

    assert "Given back €5.00 ¥0 Refunds and disputes booked this month" in text
    assert "Net €2.75 ¥1,406" in text


def test_a_line_that_is_not_ours_is_told_but_not_counted(
    client: FlaskClient, database: Database, now: datetime
) -> None:
    plant(database, now=now)
    with writing(database) as session:
        settled(session, Money(-200, "EUR"), 0, kyiv(11, 6), of=None, kind="stripe_fee")
    sign_in(client, "finance@example.org", "finance", now=now)

    text = text_of(client)

    assert "Not counted: lines that belong to no payment of ours" in text
    assert "stripe_fee 1 -€2.00 €0.00 -€2.00" in text
    assert "Gross €8.20" in text


def test_payments_stand_there_without_the_people(client: FlaskClient, database: Database, now: datetime) -> None:
    plant(database, now=now)
    sign_in(client, "finance@example.org", "finance", now=now)

    text = text_of(client)

    assert "Came in today: UAH 400.00 in 1 payment" in text
    assert "22 Nov 2026, 09:05 Donation UAH 400.00" in text
    assert "1 is still on its way" in text
    assert "1 second pledge to look at" in text
    assert "secret.name" not in text


def test_an_empty_newsroom_is_told_how_to_begin(client: FlaskClient, now: datetime) -> None:
    sign_in(client, "finance@example.org", "finance", now=now)

    text = text_of(client)

    assert "No money yet Make the first donation yourself." in text
    assert "Gross" not in text


def test_a_month_without_movements_says_zero(client: FlaskClient, database: Database, now: datetime) -> None:
    at_home_in_kyiv(database, now=now)
    with writing(database) as session:
        payment(session, FIVE, kyiv(10, 3))
    sign_in(client, "finance@example.org", "finance", now=now)

    assert "Gross €0.00 All that readers gave" in text_of(client)


def test_the_page_is_kept_nowhere(client: FlaskClient, now: datetime) -> None:
    sign_in(client, "finance@example.org", "finance", now=now)

    assert client.get("/staff/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/staff", "/staff/"])
def test_a_patron_finds_nothing_here(path: str, client: FlaskClient, now: datetime) -> None:
    sign_in(client, "patron@example.org", now=now)

    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/staff", "/staff/"])
def test_a_stranger_is_asked_to_sign_in(path: str, client: FlaskClient) -> None:
    answer = client.get(path)

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=/staff")


def test_an_editor_is_sent_to_the_topics_and_sees_no_money(
    client: FlaskClient, database: Database, now: datetime
) -> None:
    plant(database, now=now)
    sign_in(client, "editor@example.org", "editor", now=now)

    answer = client.get("/staff/")

    assert (answer.status_code, answer.location) == (303, "/staff/topics")
    assert answer.headers["Cache-Control"] == "no-store"
    for path in ("/staff/topics", "/staff/rounds", "/staff/promises"):
        assert not re.search(r"[€¥$]|UAH|EUR|JPY", text_of(client, path))


@pytest.mark.parametrize(
    ("role", "path", "links"),
    [
        ("finance", "/staff/", ["Today*", "Tiers", "Danger", "Lost mailboxes"]),
        ("editor", "/staff/rounds", ["Topics", "Rounds*", "Promises"]),
        ("admin", "/staff/", ["Today*", "Tiers", "Topics", "Rounds", "Promises", "Danger", "Lost mailboxes"]),
        ("admin", "/staff/topics", ["Today", "Tiers", "Topics*", "Rounds", "Promises", "Danger", "Lost mailboxes"]),
    ],
)
def test_staff_see_the_links_that_they_may_open(
    role: str, path: str, links: list[str], client: FlaskClient, now: datetime
) -> None:
    sign_in(client, "staff@example.org", role, now=now)

    nav = re.findall(r'<nav class="sub".*?</nav>', client.get(path).text, re.DOTALL)[0]

    found = re.findall(r'<a href="[^"]+"( aria-current="page")?>([^<]+)</a>', nav)
    assert [name + ("*" if current else "") for current, name in found] == links


def test_the_page_asks_the_database_as_often_for_many_rows(
    client: FlaskClient, database: Database, now: datetime
) -> None:
    sign_in(client, "finance@example.org", "finance", now=now)
    with statements(client) as for_none:
        client.get("/staff/")
    plant(database, now=now)
    with statements(client) as for_many:
        client.get("/staff/")

    # The ten of the page; besides, who asks, their roles (twice), and the newsroom's words.
    assert len(for_none) == 10
    assert len(for_many) == 10


@contextmanager
def statements(client: FlaskClient) -> Iterator[list[str]]:
    """Collects the statements that read money, pledges and queues."""
    found: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if re.search(r"FROM .*(payments|movements|pledges|outbox|stripe_events)", statement, re.DOTALL):
            found.append(statement)

    engine = client.application.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", keep)
