"""Which letters one gets is one's own choice: on a page, by the link in the letter, or by the mail program's button."""

import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.accounts.erasing import erase
from membership.accounts.mail_choices import stop_mail, unwanted_by
from membership.accounts.models import Account, UnwantedMail
from membership.accounts.unsubscribing import undo_of
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.settings import Settings
from membership.web.signing import sign
from membership.wiring import PERSONAL_DATA
from tests.accounts.doors import mails, person, sign_in, text_of
from tests.accounts.reports import RESULTS, tell
from tests.conftest import demo_settings


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """As in earnest: what mail programs do with one click, they do over https alone."""
    return demo_settings(database_url, tmp_path, base_url="https://localhost:8000")


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
    assert re.search(r"\r\nList-Unsubscribe: <https://localhost:8000/mail/unsubscribe/[\w.-]+>\r\n", wire)
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
    undo = undo_in(provider.post(path_in(letter)))
    assert "come again" in provider.post(path_in(letter), data={"undo": undo}).text
    assert unwanted(database, reader) == frozenset()


def test_who_has_the_letter_can_stop_it_and_nothing_else(
    database: Database, reader: Account, letter: EmailMessage, provider: FlaskClient, clock: SteppedClock
) -> None:
    with database.session() as session, transaction(session):
        stop_mail(session, reader.id, (RESULTS,), now=clock.at)
    for data in ({}, {"act": "again"}, {"List-Unsubscribe": "One-Click"}):
        assert "Send them again" not in provider.post(path_in(letter), data=data).text
    assert "Send them again" not in provider.get(path_in(letter)).text
    assert unwanted(database, reader) == {RESULTS}


def test_the_way_back_is_open_for_an_hour_and_for_this_letter_alone(
    app: Flask, database: Database, reader: Account, letter: EmailMessage, provider: FlaskClient, clock: SteppedClock
) -> None:
    other = person(database, "bela@example.org", now=clock.at)
    undo = undo_in(provider.post(path_in(letter)))
    with app.test_request_context():
        of_another = undo_of(other, (RESULTS,), now=clock.at)
    for strange in ("", "x", of_another, path_in(letter).rpartition("/")[2]):
        assert provider.post(path_in(letter), data={"undo": strange}).status_code == 410
    clock.advance(timedelta(hours=1, seconds=1))
    assert provider.post(path_in(letter), data={"undo": undo}).status_code == 410
    assert unwanted(database, reader) == {RESULTS}


def test_nothing_is_kept_of_who_was_erased_while_the_button_was_pressed(
    app: Flask, database: Database, reader: Account, clock: SteppedClock
) -> None:
    with app.test_request_context(), database.session() as session, transaction(session):
        erase(session, reader.id, PERSONAL_DATA, now=clock.at)
    with database.session() as session, transaction(session):
        assert stop_mail(session, reader.id, (RESULTS,), now=clock.at) == ()
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


def undo_in(page: TestResponse) -> str:
    found = re.search(r'name="undo" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def path_in(letter: EmailMessage) -> str:
    return str(letter["List-Unsubscribe"]).removeprefix("<https://localhost:8000").removesuffix(">")


def unwanted(database: Database, account: Account) -> frozenset[str]:
    with database.session() as session:
        return unwanted_by(session, account.id)
