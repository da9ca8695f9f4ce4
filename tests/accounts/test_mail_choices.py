"""Which letters one gets is one's own choice: on a page, by the link in the letter, or by the mail program's button."""

import re
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.erasing import erase
from membership.accounts.mail_choices import unwanted_by
from membership.accounts.models import Account, UnwantedMail
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.web.signing import sign
from membership.wiring import PERSONAL_DATA
from tests.accounts.doors import mails, person, sign_in, text_of
from tests.accounts.reports import RESULTS, tell


@pytest.fixture
def reader(database: Database, clock: SteppedClock) -> Account:
    return person(database, "ada@example.org", now=clock.at)


@pytest.fixture
def letter(app: Flask, database: Database, reader: Account, clock: SteppedClock) -> EmailMessage:
    tell(database, reader, "Winter", now=clock.at)
    (sent,) = mails(app)
    return sent


@pytest.fixture
def provider(app: Flask) -> FlaskClient:
    """A mail provider's server: no cookie, no origin, no `Sec-Fetch-Site`."""
    return app.test_client()


def test_the_letter_bears_what_mail_programs_ask_for(letter: EmailMessage) -> None:
    assert (letter["List-Unsubscribe-Post"], letter["Content-Language"]) == ("List-Unsubscribe=One-Click", "en")
    # On one line as it goes over the wire, whatever its length.
    wire = letter.as_bytes().decode()
    assert re.search(r"\r\nList-Unsubscribe: <http://localhost:8000/mail/unsubscribe/[\w.-]+>\r\n", wire)
    assert path_in(letter) in text_of(letter)


def test_one_click_in_the_mail_program_stops_the_letters(
    database: Database, reader: Account, letter: EmailMessage, provider: FlaskClient
) -> None:
    answer = provider.post(path_in(letter), data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    assert unwanted(database, reader) == {RESULTS}
    again = provider.post(
        path_in(letter),
        data={"List-Unsubscribe": "One-Click"},
        content_type="multipart/form-data",
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"},
    )
    assert (again.status_code, unwanted(database, reader)) == (200, frozenset((RESULTS,)))


def test_looking_at_the_link_changes_nothing(
    database: Database, reader: Account, letter: EmailMessage, provider: FlaskClient
) -> None:
    page = provider.get(path_in(letter))
    provider.head(path_in(letter))
    assert page.headers["Cache-Control"] == "no-store"
    assert page.text.count("<form") == 1
    assert "Results of rounds" in page.text
    assert reader.email not in page.text
    assert unwanted(database, reader) == frozenset()


def test_the_page_of_the_link_takes_it_back(
    database: Database, reader: Account, letter: EmailMessage, provider: FlaskClient
) -> None:
    assert "Send them again" in provider.post(path_in(letter)).text
    assert "come again" in provider.post(path_in(letter), data={"act": "again"}).text
    assert unwanted(database, reader) == frozenset()


def test_the_link_works_for_as_long_as_the_account_is_there(
    app: Flask, database: Database, reader: Account, letter: EmailMessage, provider: FlaskClient, clock: SteppedClock
) -> None:
    for _year in range(3):
        clock.at = clock.at.replace(year=clock.at.year + 1)
        assert provider.get(path_in(letter)).status_code == 200
    with app.test_request_context(), database.session() as session, transaction(session):
        erase(session, reader.id, PERSONAL_DATA, now=clock.at)
    assert provider.post(path_in(letter)).status_code == 410


def test_a_link_that_was_altered_or_made_for_something_else_stops_nothing(
    app: Flask, database: Database, reader: Account, letter: EmailMessage, provider: FlaskClient, clock: SteppedClock
) -> None:
    token = path_in(letter).rpartition("/")[2]
    with app.test_request_context():
        of_another_kind = sign("link stop", f"{reader.reference} {RESULTS}", now=clock.at)
    for strange in ("x", token[:-4] + "AAAA", of_another_kind):
        assert provider.post(f"/mail/unsubscribe/{strange}").status_code == 404
    assert unwanted(database, reader) == frozenset()


def test_the_page_keeps_each_choice_at_once(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    account = sign_in(client, "ada@example.org", now=clock.at)
    assert "Stop: Results of rounds" in client.get("/account/mail").text
    answer = client.post("/account/mail", data={"kind": RESULTS, "wanted": "no"})
    assert (answer.status_code, unwanted(database, account)) == (303, frozenset((RESULTS,)))
    page = client.get(answer.location).text
    assert "Saved." in page
    assert "Send me: Results of rounds" in page
    client.post("/account/mail", data={"kind": RESULTS, "wanted": "yes"})
    assert unwanted(database, account) == frozenset()


def test_saying_the_same_twice_is_saying_it_once(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    account = sign_in(client, "ada@example.org", now=clock.at)
    for _time in range(2):
        client.post("/account/mail", data={"kind": RESULTS, "wanted": "no"})
    with database.session() as session:
        assert session.scalars(select(UnwantedMail.account_id)).all() == [account.id]


def test_there_is_no_choice_about_what_must_come(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    account = sign_in(client, "ada@example.org", now=clock.at)
    assert client.post("/account/mail", data={"kind": "receipt", "wanted": "no"}).status_code == 422
    assert unwanted(database, account) == frozenset()


def test_the_page_is_for_its_owner_and_its_form_for_our_pages(client: FlaskClient, clock: SteppedClock) -> None:
    assert client.get("/account/mail").status_code == 303
    sign_in(client, "ada@example.org", now=clock.at)
    foreign = client.post("/account/mail", data={"kind": RESULTS}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403


def path_in(letter: EmailMessage) -> str:
    return str(letter["List-Unsubscribe"]).removeprefix("<http://localhost:8000").removesuffix(">")


def unwanted(database: Database, account: Account) -> frozenset[str]:
    with database.session() as session:
        return unwanted_by(session, account.id)
