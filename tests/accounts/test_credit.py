"""Under articles people are named as they chose, and unless they chose, not at all."""

import json
from unicodedata import normalize

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.credit import choose_credit, cleaned_name, credited, initials
from membership.accounts.erasing import erase
from membership.accounts.models import Account, Credit
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.errors import Dead, Refusal
from membership.wiring import PERSONAL_DATA
from tests.accounts.doors import person, sign_in

PAGE = "/account/credit"


@pytest.fixture
def owner(client: FlaskClient, clock: SteppedClock) -> Account:
    return sign_in(client, "olena@example.org", now=clock.at)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Olena Koval", "O. K."),
        ("ада лавлейс", "А. Л."),
        ("Jean-Luc  de la Tour", "J. D. L. T."),
        ("Łukasz", "Ł."),
        ("e\u0301mile x\u0323", "É. X\u0323."),
        ("李 小龙", "李. 小."),
        ("ʻIolani Kealoha", "I. K."),
        ("გიორგი", "გ."),
        ("ǆemal ŉ", "ǅ. N."),
        ("कुमार राव", "कु. रा."),
        ("श्री", "श."),
        ("12 !", ""),
    ],
)
def test_initials_are_the_first_letters_of_a_name(name: str, letters: str) -> None:
    assert initials(normalize("NFC", name)) == letters


def test_a_name_is_one_line_that_turns_nothing_around() -> None:
    assert cleaned_name("  Olena\n\u202eKoval\x07 ") == "Olena Koval"


def test_a_name_stays_within_its_line() -> None:
    assert cleaned_name("Z" + 40 * "\u0335" + "oe") == "Z" + 4 * "\u0335" + "oe"


@pytest.mark.parametrize("name", ["", " ", "…", "\u202e", "7", "\u3164", "\u115f\u1160 \uffa0", "x" * 61])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        cleaned_name(name)
    assert refused.value.field == "name"


def test_nobody_is_named_who_did_not_choose_it(client: FlaskClient, database: Database, owner: Account) -> None:
    page = client.get(PAGE).text
    assert 'value="anonymous" checked' in page
    assert "You are not named." in page
    with database.session() as session:
        assert credited(session, [owner.id]) == {}


def test_a_look_shows_how_it_will_be_printed_and_keeps_nothing(
    client: FlaskClient, database: Database, owner: Account
) -> None:
    page = client.post(PAGE, data={"name": "Olena Koval", "shown": "initials", "act": "look"}).text
    assert "Voted in this round: <bdi>O. K.</bdi> and others." in page
    with database.session() as session:
        assert session.scalars(select(Credit)).all() == []


def test_no_name_stands_in_the_address_of_a_page(client: FlaskClient, owner: Account) -> None:
    page = client.get(PAGE, query_string={"name": "Olena Koval", "shown": "name"})
    assert "Olena" not in page.text
    assert 'formmethod="get"' not in page.text


def test_who_is_not_to_be_named_needs_no_name(client: FlaskClient, owner: Account) -> None:
    page = client.post(PAGE, data={"name": "", "shown": "anonymous", "act": "look"})
    assert (page.status_code, "You are not named." in page.text) == (200, True)


def test_a_look_at_what_cannot_be_printed_says_why(client: FlaskClient, owner: Account) -> None:
    page = client.post(PAGE, data={"name": "7", "shown": "name", "act": "look"})
    assert (page.status_code, 'id="name-error"' in page.text) == (422, True)


def test_a_name_is_text_whatever_stands_in_it(client: FlaskClient, owner: Account) -> None:
    page = client.post(PAGE, data={"name": "<b>Ada</b>", "shown": "name", "act": "look"}).text
    assert "<bdi>&lt;b&gt;Ada&lt;/b&gt;</bdi>" in page
    assert "<b>Ada" not in page


def test_nothing_is_kept_for_who_was_erased_meanwhile(
    client: FlaskClient, database: Database, owner: Account, clock: SteppedClock
) -> None:
    with client.application.test_request_context(), database.session() as session, transaction(session):
        erase(session, owner.id, PERSONAL_DATA, now=clock.at)
    with database.session() as session, transaction(session), pytest.raises(Dead):
        choose_credit(session, owner.id, "name", "Olena Koval", now=clock.at)
    with database.session() as session:
        assert session.scalars(select(Credit)).all() == []


@pytest.mark.parametrize(("shown", "printed"), [("name", "Olena Koval"), ("initials", "O. K.")])
def test_what_is_kept_is_what_the_look_showed(
    client: FlaskClient, database: Database, owner: Account, shown: str, printed: str
) -> None:
    answer = client.post(PAGE, data={"name": " Olena  Koval", "shown": shown})
    assert answer.status_code == 303
    assert f"Voted in this round: <bdi>{printed}</bdi> and others." in client.get(answer.location).text
    with database.session() as session:
        assert credited(session, [owner.id]) == {owner.id: printed}


def test_taking_it_back_forgets_the_name(client: FlaskClient, database: Database, owner: Account) -> None:
    client.post(PAGE, data={"name": "Olena Koval", "shown": "name"})
    client.post(PAGE, data={"name": "Olena Koval", "shown": "anonymous"})
    assert "Olena" not in client.get(PAGE).text
    with database.session() as session:
        assert session.scalars(select(Credit)).all() == []


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "Olena", "shown": "loudly"}, "shown"),
        ({"name": "  ", "shown": "name"}, "name"),
        ({"name": "x" * 61, "shown": "initials"}, "name"),
        ({}, "shown"),
    ],
)
def test_what_cannot_be_kept_comes_back_with_the_reason(
    client: FlaskClient, database: Database, owner: Account, form: dict[str, str], field: str
) -> None:
    answer = client.post(PAGE, data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert form.get("name", "").strip() in answer.text
    with database.session() as session:
        assert credited(session, [owner.id]) == {}


def test_the_export_tells_it_and_an_erasure_takes_it(
    client: FlaskClient, database: Database, owner: Account, clock: SteppedClock
) -> None:
    other = person(database, "bela@example.org", now=clock.at)
    with database.session() as session, transaction(session):
        choose_credit(session, other.id, "name", "Bela", now=clock.at)
    client.post(PAGE, data={"name": "Olena Koval", "shown": "name"})
    told = json.loads(client.get("/account/privacy/export.json").text)
    assert [(row["shown"], row["name"]) for row in told["credit"]] == [("name", "Olena Koval")]
    assert "Your name, or your initials, under articles." in client.get("/account/privacy").text
    with client.application.test_request_context(), database.session() as session, transaction(session):
        erase(session, owner.id, PERSONAL_DATA, now=clock.at)
    with database.session() as session:
        assert credited(session, [owner.id, other.id]) == {other.id: "Bela"}


def test_the_page_is_for_its_owner(client: FlaskClient) -> None:
    assert (client.get(PAGE).status_code, client.post(PAGE).status_code) == (303, 303)
