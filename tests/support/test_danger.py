"""Where it is dangerous to give, that is said before the amounts; where giving is closed, nothing is taken."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from structlog.testing import capture_logs

from membership.clock import SteppedClock
from membership.db import Base, Database, transaction
from membership.factory import create_app
from membership.newsroom.danger import load_danger
from membership.payments.models import Attempt
from membership.settings import Settings
from membership.support.words import load_other_ways
from tests.accounts.doors import sign_in

RUSSIA: Mapping[str, Any] = {"name": "Russia", "country": "RU"}
PLACES = [RUSSIA, {"name": "Belarus", "country": "BY"}, {"name": "the occupied territories"}]
LINE = "In Russia, Belarus, and the occupied territories a donation to us can be prosecuted"
WAR = "The bank of the newsroom is being moved."

Tell = Callable[..., None]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, trusted_proxies=1, country_header="CF-IPCountry")


@pytest.fixture
def tell(database: Database, clock: SteppedClock) -> Tell:
    """Loads `[danger]`."""

    def load(**table: object) -> None:
        with database.session() as session, transaction(session):
            load_danger(session, table, now=clock.now())

    return load


@pytest.fixture(autouse=True)
def dangerous(tell: Tell, database: Database, clock: SteppedClock) -> None:
    """The three places, and a bank account to which one could transfer."""
    bank = {"label": "In euros", "iban": "DE89370400440532013000"}
    with database.session() as session, transaction(session):
        load_other_ways(session, {"bank": [bank]}, now=clock.now())
    tell(places=PLACES)


def seen_from(client: FlaskClient, country: str | None, path: str = "/support") -> str:
    return client.get(path, headers={"CF-IPCountry": country} if country else {}).text


def give(client: FlaskClient, country: str = "DE") -> Any:
    form = {"cadence": "once", "currency": "EUR", "amount": "5", "email": "donor@example.org"}
    return client.post("/support/checkout", data=form, headers={"CF-IPCountry": country})


def test_in_a_listed_country_the_danger_stands_before_the_amounts(client: FlaskClient) -> None:
    before, amounts, _ = seen_from(client, "RU").partition('class="choices amounts"')
    assert amounts
    assert LINE in before
    assert "<details" not in before
    assert "dangerous to give from where you are" in before


def test_elsewhere_and_nowhere_it_stands_there_folded(client: FlaskClient) -> None:
    for country in ("DE", "XX", "T1", "russia", "<b>", None):
        before, amounts, _ = seen_from(client, country).partition('class="choices amounts"')
        assert amounts
        assert "Where is it risky?" in before.partition("<details")[2]
        assert LINE in before.partition("<details")[2]
        assert "from where you are" not in before


def test_nothing_of_it_is_said_where_no_place_is_listed(client: FlaskClient, tell: Tell) -> None:
    tell(places=[])
    assert "risky" not in seen_from(client, "RU")


def test_the_page_is_kept_nowhere_and_marks_nobody(client: FlaskClient) -> None:
    answers = [client.get("/support", headers={"CF-IPCountry": country}) for country in ("RU", "DE", "RU")]
    assert ["from where you are" in answer.text for answer in answers] == [True, False, True]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


def test_a_country_that_no_trusted_proxy_says_is_unknown(settings: Settings, clock: SteppedClock) -> None:
    for untrusted in (replace(settings, trusted_proxies=0), replace(settings, country_header="")):
        app = create_app(untrusted, clock=clock, look_every_seconds=0)
        assert "Where is it risky?" in seen_from(app.test_client(), "RU")
        app.extensions["database"].close()


def test_where_the_accounts_stand_it_is_said_to_everyone(client: FlaskClient) -> None:
    pages = {seen_from(client, country, "/support/other-ways") for country in ("RU", "DE", None)}
    assert len(pages) == 1
    assert LINE in pages.pop()


def test_giving_is_closed_for_a_country_with_its_reason(client: FlaskClient, tell: Tell, database: Database) -> None:
    tell(places=[{**RUSSIA, "closed": "Your bank would report you."}])
    page = client.get("/support", headers={"CF-IPCountry": "RU"})
    assert page.status_code == 200
    assert "From Russia we take no money" in page.text
    assert "Your bank would report you." in page.text
    assert "<form" not in page.text.partition("<main")[2]
    refused = give(client, "RU")
    assert refused.status_code == 403
    assert "Nothing was taken." in refused.text
    assert "Set-Cookie" not in refused.headers
    assert attempts(database) == 0
    assert "choices amounts" in seen_from(client, "DE")
    assert give(client, "DE").status_code == 422  # the form's token is missing, and nothing else


def test_giving_is_closed_altogether_with_its_reason(client: FlaskClient, tell: Tell, database: Database) -> None:
    tell(places=PLACES, closed=WAR)
    for country in ("RU", "DE", None):
        page = seen_from(client, country)
        assert WAR in page
        assert "choices amounts" not in page
    assert give(client).status_code == 409
    assert attempts(database) == 0
    ways = seen_from(client, None, "/support/other-ways")
    assert WAR in ways
    assert "IBAN" not in ways
    tell(places=PLACES)
    assert "IBAN" in seen_from(client, None, "/support/other-ways")
    assert "choices amounts" in seen_from(client, None)
    assert WAR not in seen_from(client, None, "/support/other-ways")


def test_a_reason_is_text_whatever_it_looks_like(client: FlaskClient, tell: Tell) -> None:
    tell(places=[{**RUSSIA, "name": "<b>R</b> 100 %(x)s", "closed": "<i>No</i> %(y)s"}])
    page = seen_from(client, "RU")
    assert "<i>No" not in page
    assert "&lt;i&gt;No&lt;/i&gt; %(y)s" in page
    assert "&lt;b&gt;R&lt;/b&gt; 100 %(x)s" in page


PAGE = "/staff/danger"


def test_the_staff_closes_giving_and_opens_it_again(app: Flask, client: FlaskClient, clock: SteppedClock) -> None:
    sign_in(client, "finance@example.org", "finance", now=clock.now())
    reader = app.test_client()
    assert "Belarus; BY\nthe occupied territories" in client.get(PAGE).text
    places = "Russia; ru; Your bank; would report you.\r\n\r\n the coast "
    for closed in (WAR, ""):
        assert client.post(PAGE, data={"closed": closed, "places": places}).status_code == 303
        assert ("choices amounts" in seen_from(reader, "DE")) == (not closed)
        assert ("IBAN" in seen_from(reader, None, "/support/other-ways")) == (not closed)
    assert "Your bank; would report you." in seen_from(reader, "RU")
    assert "In Russia and the coast a donation" in seen_from(reader, "DE")
    page = client.get(PAGE)
    assert "Russia; RU; Your bank; would report you.\nthe coast" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_what_the_staff_mistypes_is_named_and_changes_nothing(client: FlaskClient, clock: SteppedClock) -> None:
    sign_in(client, "admin@example.org", "admin", now=clock.now())
    for typed, says in (
        ({"places": "Russia; RU\nBelarus; BLR"}, "Place 2: country must be"),
        ({"places": "the coast; ; No."}, "Place 1: closed needs a country"),
        ({"places": "; RU"}, "Place 1: name must be a text"),
        ({"places": "Russia\x07; RU"}, "Place 1: name must be one line"),
        ({"places": "Russia; RU\nRussia; RU"}, "name a country twice"),
        ({"closed": "x" * 501}, "closed must be a text"),
    ):
        answer = client.post(PAGE, data=typed)
        assert answer.status_code == 422
        assert says in answer.text
        assert next(iter(typed.values())) in answer.text
    assert LINE in seen_from(client, "RU")


def test_a_long_list_is_kept_to_its_end(client: FlaskClient, clock: SteppedClock) -> None:
    sign_in(client, "finance@example.org", "finance", now=clock.now())
    codes = [f"{first}{second}" for first in "AB" for second in "ABCDEFGHIJKLMNOPQRST"]
    places = "\n".join(f"Place {code}; {code}; {'No. ' * 100}" for code in codes)
    assert client.post(PAGE, data={"places": places}).status_code == 303
    assert "From Place BT we take no money" in seen_from(client, codes[-1])


def test_what_was_loaded_stays_as_it_is_when_the_staff_saves_it(
    client: FlaskClient, clock: SteppedClock, tell: Tell
) -> None:
    sign_in(client, "finance@example.org", "finance", now=clock.now())
    tell(places=[{**RUSSIA, "closed": "Your bank\nwould report you."}])
    typed = re.search(r'<textarea[^>]*name="places"[^>]*>([^<]*)<', client.get(PAGE).text)
    assert typed
    assert client.post(PAGE, data={"places": typed[1]}).status_code == 303
    assert "In Russia a donation to us" in seen_from(client, "DE")
    assert "Your bank would report you." in seen_from(client, "RU")


def test_only_who_looks_after_the_money_changes_it(client: FlaskClient, clock: SteppedClock) -> None:
    for roles in ((), ("editor",)):
        sign_in(client, "somebody@example.org", *roles, now=clock.now())
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, data={"closed": "No."}).status_code == 404


def test_the_country_stands_in_no_row_and_no_line_of_the_log(client: FlaskClient, database: Database) -> None:
    with capture_logs() as logs:
        seen_from(client, "ZQ")
        give(client, "ZQ")
    with database.session() as session:
        rows = [tuple(row) for table in Base.metadata.sorted_tables for row in session.execute(select(table))]
    assert logs
    assert "ZQ" not in f"{rows} {logs}"


def attempts(database: Database) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(Attempt)) or 0
