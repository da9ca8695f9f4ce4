"""Tiers as finance sees them: named, priced, ordered and archived; each act in the log, and told to readers at once."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.models import AuditEntry
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.money import Money
from membership.newsroom.models import SiteVersion
from membership.newsroom.toml import TomlError
from membership.patrons.models import Tier
from membership.patrons.tiers import current_tiers, load, tier_reached
from tests.accounts.doors import sign_in

READER = {
    "slug": "reader",
    "name": "Reader",
    "benefits": ["A vote"],
    "month": {"EUR": "3"},
    "year": {"EUR": "30"},
    "suggested": {"month": {"EUR": "5"}},
}
KEEPER = {"slug": "keeper", "name": "Keeper", "benefits": ["A call"], "month": {"EUR": "10"}}
FORM = {
    "name": "Printer",
    "benefits": "A book\n  A name in it \n\n",
    "minimum-month-EUR": "25",
    "suggested-month-EUR": "30,50",
    "minimum-year-EUR": "250",
}
# What is typed otherwise, which field is named, and what is said of it.
WRONG: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"name": " "}, "name", "Write a name of 1 to 60 characters."),
    ({"name": "x" * 61}, "name", "Write a name of 1 to 60 characters."),
    ({"name": "keeper"}, "name", "Another tier is named “keeper” already."),
    ({"benefits": "\n"}, "benefits", "Write 1 to 12 benefits"),
    ({"benefits": "x" * 201}, "benefits", "Write 1 to 12 benefits"),
    ({"benefits": "x\n" * 13}, "benefits", "Write 1 to 12 benefits"),
    ({"minimum-month-EUR": "three"}, "minimum-month-EUR", "is not an amount"),
    ({"minimum-month-EUR": "0"}, "minimum-month-EUR", "An amount must be above 0"),
    ({"minimum-month-EUR": "9" * 24}, "minimum-month-EUR", "An amount must be above 0"),
    ({"minimum-month-EUR": "3.123"}, "minimum-month-EUR", "EUR has 2 decimals at most."),
    ({"suggested-month-EUR": "24.99"}, "suggested-month-EUR", "must not be less than the least amount"),
    ({"minimum-month-EUR": ""}, "suggested-month-EUR", "needs a least amount beside it"),
    (
        {"minimum-month-EUR": "", "suggested-month-EUR": "", "minimum-year-EUR": ""},
        "minimum-month-EUR",
        "Write at least one amount",
    ),
)
PAGES = (
    ("GET", "/staff/tiers"),
    ("GET", "/staff/tiers/new"),
    ("GET", "/staff/tiers/reader"),
    ("POST", "/staff/tiers"),
    ("POST", "/staff/tiers/reader"),
    ("POST", "/staff/tiers/reader/position"),
    ("POST", "/staff/tiers/reader/archiving"),
    ("POST", "/staff/tiers/reader/restoration"),
)


@pytest.fixture(autouse=True)
def two_tiers(database: Database, clock: SteppedClock) -> None:
    with database.session() as session, transaction(session):
        load(session, [READER, KEEPER], now=clock.at)


@pytest.fixture
def finance(client: FlaskClient, clock: SteppedClock) -> FlaskClient:
    """A browser in which somebody of finance is signed in."""
    sign_in(client, "finance@example.org", "finance", now=clock.at)
    return client


def names(client: FlaskClient) -> list[str]:
    with client.application.app_context():
        return [tier.name for tier in current_tiers()]


def log(database: Database) -> list[tuple[str, str, list[str]]]:
    with database.session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "tier").order_by(AuditEntry.id))
        return [(entry.act, entry.subject_id, list(entry.fields)) for entry in entries]


def version(database: Database) -> int:
    with database.session() as session:
        return session.scalars(select(SiteVersion.number)).one()


def test_the_pages_are_for_finance_and_admins(client: FlaskClient, clock: SteppedClock, database: Database) -> None:
    assert {client.open(path, method=method).status_code for method, path in PAGES} == {303}
    for email, *roles in (("patron@example.org",), ("editor@example.org", "editor")):
        sign_in(client, email, *roles, now=clock.at)
        assert {client.open(path, method=method).status_code for method, path in PAGES} == {404}
    assert log(database) == []
    for role in ("finance", "admin"):
        sign_in(client, f"{role}@example.org", role, now=clock.at)
        for method, path in PAGES:
            if method == "GET":
                answer = client.get(path)
                assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_a_new_tier_is_offered_last_and_at_once(finance: FlaskClient, database: Database) -> None:
    before = version(database)
    answer = finance.post("/staff/tiers", data=FORM)
    assert (answer.status_code, answer.location) == (303, "/staff/tiers")
    with finance.application.app_context():
        tier = current_tiers()[-1]
    assert (tier.slug, tier.name, tier.benefits) == ("printer", "Printer", ("A book", "A name in it"))
    assert (tier.minimum("month", "EUR"), tier.suggested("month", "EUR")) == (Money(2500, "EUR"), Money(3050, "EUR"))
    assert (tier.minimum("year", "EUR"), tier.suggested("year", "EUR")) == (Money(25000, "EUR"), None)
    assert log(database) == [
        ("made tier", "printer", ["name", "benefits", "amounts.month.EUR", "amounts.year.EUR"]),
    ]
    assert version(database) == before + 1
    page = finance.get("/staff/tiers").text
    assert "from €25.00 a month, suggested €30.50" in page


def test_a_changed_tier_says_in_the_log_what_was_changed(finance: FlaskClient, database: Database) -> None:
    page = finance.get("/staff/tiers/reader").text
    assert 'value="30"' in page
    same = {
        "name": "Reader",
        "benefits": "A vote",
        "minimum-month-EUR": "3",
        "suggested-month-EUR": "5",
        "minimum-year-EUR": "30",
    }
    assert finance.post("/staff/tiers/reader", data=same).status_code == 303
    assert log(database) == []
    answer = finance.post("/staff/tiers/reader", data=same | {"name": "Lamp", "minimum-month-EUR": "4.50"})
    assert answer.status_code == 303
    assert log(database) == [("changed tier", "reader", ["name", "amounts.month.EUR"])]
    with finance.application.app_context():
        found = tier_reached(current_tiers(), "month", Money(449, "EUR"))
        assert found is None
        assert [tier.slug for tier in current_tiers()] == ["reader", "keeper"]


def test_an_amount_that_is_taken_away_is_not_offered_any_more(finance: FlaskClient) -> None:
    form = {"name": "Reader", "benefits": "A vote", "minimum-month-EUR": "3"}
    assert finance.post("/staff/tiers/reader", data=form).status_code == 303
    with finance.application.app_context():
        tier = current_tiers()[0]
    assert (tier.minimum("year", "EUR"), tier.suggested("month", "EUR")) == (None, None)


def test_what_a_currency_costs_that_the_newsroom_does_not_name_stays(
    finance: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    with database.session() as session, transaction(session):
        load(session, [READER | {"month": {"EUR": "3", "JPY": "500"}}], now=clock.at)
    form = {"name": "Reader", "benefits": "A vote", "minimum-month-EUR": "4"}
    assert finance.post("/staff/tiers/reader", data=form).status_code == 303
    with finance.application.app_context():
        assert current_tiers()[0].minimum("month", "JPY") == Money(500, "JPY")


def test_a_form_that_is_wrong_says_where_and_keeps_what_was_typed(finance: FlaskClient, database: Database) -> None:
    for changes, field, sentence in WRONG:
        answer = finance.post("/staff/tiers", data=FORM | changes)
        assert answer.status_code == 422, changes
        assert f'href="#{field}"' in answer.text, changes
        assert sentence in answer.text, changes
        assert "A name in it" in answer.text or "benefits" in changes
    assert names(finance) == ["Reader", "Keeper"]
    assert log(database) == []


def test_tiers_are_ordered_by_staff(finance: FlaskClient, database: Database) -> None:
    finance.post("/staff/tiers", data=FORM)
    finance.post("/staff/tiers/printer/position", data={"direction": "up"})
    assert names(finance) == ["Reader", "Printer", "Keeper"]
    finance.post("/staff/tiers/reader/position", data={"direction": "down"})
    assert names(finance) == ["Printer", "Reader", "Keeper"]
    finance.post("/staff/tiers/printer/position", data={"direction": "up"})
    assert names(finance) == ["Printer", "Reader", "Keeper"]
    assert finance.post("/staff/tiers/printer/position", data={"direction": "aside"}).status_code == 422
    assert [act for act, *_ in log(database)] == ["made tier", "moved tier", "moved tier"]


def test_an_archived_tier_is_offered_no_more_until_it_is_again(finance: FlaskClient, database: Database) -> None:
    for _ in range(2):
        assert finance.post("/staff/tiers/reader/archiving").status_code == 303
    assert names(finance) == ["Keeper"]
    assert "A vote" not in finance.get("/support").text
    assert "Offer Reader again" in finance.get("/staff/tiers").text
    assert finance.post("/staff/tiers/reader/position", data={"direction": "up"}).status_code == 409
    for _ in range(2):
        assert finance.post("/staff/tiers/reader/restoration").status_code == 303
    assert names(finance) == ["Keeper", "Reader"]
    assert [act for act, *_ in log(database)] == ["archived tier", "restored tier"]


def test_an_archived_tier_does_not_come_back_beside_its_namesake(finance: FlaskClient) -> None:
    finance.post("/staff/tiers/keeper/archiving")
    assert finance.post("/staff/tiers", data=FORM | {"name": "Keeper"}).status_code == 303
    assert finance.post("/staff/tiers/keeper/restoration").status_code == 422
    with finance.application.app_context():
        assert [tier.slug for tier in current_tiers()] == ["reader", "keeper-2"]


def test_a_tier_may_be_called_new_and_has_its_own_page(finance: FlaskClient, database: Database) -> None:
    finance.post("/staff/tiers", data=FORM | {"name": "New"})
    with database.session() as session:
        assert session.scalars(select(Tier.slug).where(Tier.name == "New")).one() == "new-2"
    assert 'value="New"' in finance.get("/staff/tiers/new-2").text


def test_a_tier_that_is_not_there_is_not_found(finance: FlaskClient) -> None:
    for slug in ("nothing", "..", "Reader"):
        assert finance.get(f"/staff/tiers/{slug}").status_code == 404
        assert finance.post(f"/staff/tiers/{slug}/archiving").status_code == 404


def test_who_gives_is_offered_the_suggested_amount_of_a_tier(client: FlaskClient) -> None:
    page = client.get("/support?article=a-river").text
    assert 'href="/support?cadence=month&amp;currency=EUR&amp;amount=5&amp;article=a-river"' in page
    assert "Suggested: €5 a month" in page
    assert "Suggested" not in client.get("/support?cadence=year").text


def test_a_file_with_a_wrong_tier_loads_nothing(database: Database, clock: SteppedClock) -> None:
    wrong = (
        (READER | {"suggested": {"month": {"EUR": "2"}}}, "must not be less than the least amount"),
        (READER | {"suggested": {"month": {"USD": "5"}}}, "has no least amount beside it"),
        (READER | {"slug": "new"}, "not reserved"),
    )
    for table, problem in wrong:
        with database.session() as session, pytest.raises(TomlError, match=problem), transaction(session):
            load(session, [table], now=clock.at)
    with database.session() as session:
        assert session.scalars(select(Tier.slug).order_by(Tier.position)).all() == ["reader", "keeper"]
