"""The pages of signing in, as a browser sees them."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from tests.accounts.doors import (
    accounts,
    ask,
    code_in,
    link_in,
    mails,
    person,
    post_ask,
    post_code,
    request_id_of,
    text_of,
    wrong,
)

EMAIL = "olena@example.org"


def test_asking_sets_no_cookie_and_keeps_nothing_in_caches(client: FlaskClient) -> None:
    for path in ("/sign-in", "/sign-in?next=/topics", "/sign-in/unknown"):
        response = client.get(path)
        assert "Set-Cookie" not in response.headers
        assert "Cookie" not in response.headers.get("Vary", "")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex"


def test_the_link_is_a_button_first_and_works_in_any_browser(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    ask(client, EMAIL)
    link = link_in(mails(app)[0])
    other = app.test_client()
    other.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    for _ in range(3):
        page = other.get(link)
        assert page.status_code == 200
        assert f'action="{link}"' in page.text
        assert "Set-Cookie" not in page.headers
    response = other.post(link)
    assert (response.status_code, response.location) == (303, "/account")
    assert accounts(database)[EMAIL].verified_at is not None
    for gone in (other.get(link), other.post(link)):
        assert gone.status_code == 410
        assert "used already" in gone.text
        assert 'href="/sign-in"' in gone.text


def test_the_code_works_on_the_page_that_asked(app: Flask, client: FlaskClient) -> None:
    request_id = ask(client, EMAIL, next_path="/topics")
    response = post_code(client, request_id, code_in(mails(app)[0]))
    assert (response.status_code, response.location) == (303, "/topics")


def test_the_page_for_the_code_survives_a_reload_and_shows_the_address_masked(client: FlaskClient) -> None:
    location = post_ask(client, EMAIL, request_id=request_id_of(client.get("/sign-in"))).location
    assert location.startswith("/sign-in?request=")
    for _ in range(2):
        page = client.get(location)
        assert "o…a@example.org" in page.text
        assert EMAIL not in page.text
        assert "Set-Cookie" not in page.headers


def test_the_mail_says_the_code_first_and_how_long_it_lives(app: Flask, client: FlaskClient) -> None:
    ask(client, EMAIL)
    (mail,) = mails(app)
    assert re.fullmatch(r"\d{6} is your code for Newsroom", str(mail["Subject"]))
    assert mail["To"] == EMAIL
    assert code_in(mail) in text_of(mail)
    assert "10 minutes" in text_of(mail)


def test_a_mail_goes_to_a_domain_of_another_script(app: Flask, client: FlaskClient) -> None:
    ask(client, "olena@bücher.example")
    assert mails(app)[0]["To"] == "olena@xn--bcher-kva.example"


def test_a_mail_that_was_held_up_until_its_link_died_is_not_sent(
    app: Flask, client: FlaskClient, clock: SteppedClock
) -> None:
    ask(client, EMAIL)
    clock.advance(timedelta(minutes=10))
    assert mails(app) == []


def test_known_and_unknown_addresses_look_alike(app: Flask, client: FlaskClient, database: Database) -> None:
    person(database, "known1@example.org", now=app.extensions["clock"].now())
    pages = []
    for email in ("known1@example.org", "nobody@example.org"):
        request_id = request_id_of(client.get("/sign-in"))
        response = post_ask(client, email, request_id=request_id)
        page = client.get(response.location)
        seen = (response.status_code, response.location, response.text, page.status_code, page.text)
        shown = "k…1" if email.startswith("k") else "n…y"
        pages.append(str(seen).replace(request_id, "R").replace(shown, "E"))
    assert pages[0] == pages[1]
    assert len(mails(app)) == 2


def test_a_wrong_code_is_a_sentence_at_the_field_and_is_counted(app: Flask, client: FlaskClient) -> None:
    request_id = ask(client, EMAIL)
    code = code_in(mails(app)[0])
    for _ in range(5):
        response = post_code(client, request_id, wrong(code))
        assert response.status_code == 422
        assert 'id="code-error"' in response.text
    closed = post_code(client, request_id, code)
    assert closed.status_code == 410
    assert "Too many wrong codes" in closed.text
    assert "Set-Cookie" not in closed.headers


def test_a_code_with_another_forms_request_id_is_refused(app: Flask, client: FlaskClient) -> None:
    ask(client, EMAIL)
    other = ask(client, "taras@example.org")
    first, second = mails(app)
    foreign = code_in(first) if code_in(first) != code_in(second) else wrong(code_in(second))
    response = post_code(client, other, foreign)
    assert response.status_code == 422
    assert 'id="code-error"' in response.text
    assert post_code(client, other, code_in(second)).status_code == 303


@pytest.mark.parametrize("request_id", ["", "invented", "WyJhIiwxXQ.forged"])
def test_a_forged_request_id_signs_nobody_in(app: Flask, client: FlaskClient, request_id: str) -> None:
    ask(client, EMAIL)
    response = post_code(client, request_id, code_in(mails(app)[0]))
    assert response.status_code == 410
    assert 'href="/sign-in"' in response.text


@pytest.mark.parametrize("request_id", ["", "invented"])
def test_a_form_that_is_not_ours_is_shown_again_with_its_values(client: FlaskClient, request_id: str) -> None:
    response = post_ask(client, EMAIL, request_id=request_id, next_path="/topics")
    assert response.status_code == 422
    assert f'value="{EMAIL}"' in response.text
    assert 'value="/topics"' in response.text
    fresh = request_id_of(response)
    assert post_ask(client, EMAIL, request_id=fresh).status_code == 303


def test_a_form_left_open_for_a_day_is_shown_again(client: FlaskClient, clock: SteppedClock) -> None:
    request_id = request_id_of(client.get("/sign-in"))
    clock.advance(timedelta(hours=25))
    assert post_ask(client, EMAIL, request_id=request_id).status_code == 422


def test_what_is_no_address_is_refused_at_the_field(app: Flask, client: FlaskClient) -> None:
    response = post_ask(client, "<b>olena</b>", request_id=request_id_of(client.get("/sign-in")))
    assert response.status_code == 422
    assert 'id="email-error"' in response.text
    assert "<b>olena" not in response.text
    assert mails(app) == []


def test_too_many_mails_are_refused_with_the_wait(app: Flask, client: FlaskClient) -> None:
    for _ in range(5):
        ask(client, EMAIL)
    response = post_ask(client, EMAIL, request_id=request_id_of(client.get("/sign-in")))
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) == 3601
    assert 'id="email-error"' in response.text
    assert len(mails(app)) == 5


@pytest.mark.parametrize(
    "evil", ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0a", "javascript:1"]
)
def test_nobody_is_led_to_another_site(app: Flask, client: FlaskClient, evil: str) -> None:
    page = client.get("/sign-in", query_string={"next": evil})
    assert "evil" not in page.text
    request_id = ask(client, EMAIL, next_path=evil)
    location = post_code(client, request_id, code_in(mails(app)[0])).location
    assert location in ("/account", "/%0d%0a")


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_forms_of_other_sites_are_refused(app: Flask, headers: dict[str, str]) -> None:
    for path in ("/sign-in", "/sign-in/code", "/sign-in/some-token", "/sign-out"):
        assert app.test_client().post(path, headers=headers).status_code == 403


def test_whoever_signs_in_is_told_to_those_who_want_to_know(app: Flask, client: FlaskClient) -> None:
    told: list[str] = []

    def hear(session: Session, account: Account, *, now: object) -> None:
        assert session.info["writes"]
        told.append(account.email)

    app.extensions["signed_in"] = (hear,)
    post_code(client, ask(client, EMAIL), code_in(mails(app)[0]))
    assert told == [EMAIL]


def test_when_one_of_them_fails_nobody_is_signed_in_and_the_link_still_works(app: Flask, client: FlaskClient) -> None:
    ask(client, EMAIL)
    link = link_in(mails(app)[0])

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    app.extensions["signed_in"] = (fail,)
    assert client.post(link).status_code == 500
    app.extensions["signed_in"] = ()
    assert client.post(link).status_code == 303
