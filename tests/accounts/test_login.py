"""Sessions, their cookie, and what pages ask of whoever is signed in."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts import sessions
from membership.accounts.login import current_account, role_required, signed_in_account, signed_in_required
from membership.accounts.models import SignInSession
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.factory import create_app
from membership.mail.transport import ListTransport
from tests.accounts.doors import ask, code_in, mails, post_code, sign_in
from tests.conftest import demo_settings

EMAIL = "olena@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def app(app: Flask) -> Flask:
    """The application with three pages more: for anybody, for the signed in, and for editors."""

    def whoever() -> str:
        account = current_account()
        return account.email if account else "nobody"

    @signed_in_required
    def mine(name: str) -> str:
        return f"{name} of {signed_in_account().email}"

    @role_required("editor")
    def desk() -> str:
        return "the desk"

    app.add_url_rule("/whoever", view_func=whoever)
    app.add_url_rule("/mine/<name>", view_func=mine, methods=["GET", "POST"])
    app.add_url_rule("/desk", view_func=desk)
    return app


@pytest.fixture
def live(database_url: str, tmp_path: Path, clock: SteppedClock, mail: ListTransport) -> Iterator[Flask]:
    settings = demo_settings(
        database_url,
        tmp_path,
        mode="live",
        base_url="https://members.example.org",
        stripe_secret_key="sk_live_invented",
        stripe_api_base=None,
        mail_url="smtp://localhost",
    )
    app = create_app(settings, clock=clock, mail=mail, look_every_seconds=0)
    yield app
    app.extensions["database"].close()


def enter(app: Flask, client: FlaskClient) -> str:
    """Signs in by the code and returns the header of the session's cookie."""
    response = post_code(client, ask(client, EMAIL), code_in(mails(app)[-1]))
    assert response.status_code == 303
    mark, header = response.headers.getlist("Set-Cookie")
    assert "device=" in mark
    return header


def rows(database: Database) -> list[SignInSession]:
    with database.session() as session:
        return list(session.scalars(select(SignInSession).order_by(SignInSession.id)))


def test_the_cookie_of_the_demo_lives_on_plain_http(app: Flask, client: FlaskClient) -> None:
    header = enter(app, client)
    assert header.startswith("membership=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
    assert "Secure" not in header
    assert "Domain" not in header


def test_the_cookie_outside_the_demo_is_bound_to_the_host(live: Flask) -> None:
    client = live.test_client()
    client.environ_base.update(HTTP_SEC_FETCH_SITE="same-origin", HTTP_HOST="members.example.org")
    client.environ_base["wsgi.url_scheme"] = "https"
    header = enter(live, client)
    assert header.startswith("__Host-membership=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
    assert "Domain" not in header
    gone = client.post("/sign-out").headers["Set-Cookie"]
    assert gone.startswith("__Host-membership=;")
    assert {"Secure", "Path=/"} <= set(gone.split("; "))


def test_the_row_holds_a_hash_and_no_page_sets_the_cookie_again(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    enter(app, client)
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] not in rows(database)[0].secret_hash
    response = client.get("/whoever")
    assert response.text == EMAIL
    assert "Set-Cookie" not in response.headers


def test_signing_out_ends_the_row_and_an_old_cookie_is_worth_nothing(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    enter(app, client)
    with client.session_transaction() as cookie:
        kept = dict(cookie)
    assert client.post("/sign-out").location == "/"
    assert rows(database)[0].ended_at is not None
    with client.session_transaction() as cookie:
        cookie.update(kept)
    assert client.get("/whoever").text == "nobody"


def test_signing_out_without_being_signed_in_is_no_error(client: FlaskClient) -> None:
    assert client.post("/sign-out").status_code == 303


def test_signing_in_again_ends_the_session_before(app: Flask, client: FlaskClient, database: Database) -> None:
    enter(app, client)
    enter(app, client)
    first, second = rows(database)
    assert first.ended_at is not None
    assert second.ended_at is None


def test_ending_all_signs_out_every_browser(app: Flask, client: FlaskClient, database: Database) -> None:
    now = app.extensions["clock"].now()
    other = app.test_client()
    account = sign_in(client, EMAIL, now=now)
    sign_in(other, EMAIL, now=now)
    with database.session() as session, transaction(session):
        sessions.end_all(session, account, now=now)
    assert [client.get("/whoever").text, other.get("/whoever").text] == ["nobody", "nobody"]


def test_a_session_ends_after_thirty_idle_days(client: FlaskClient, clock: SteppedClock) -> None:
    sign_in(client, EMAIL, now=clock.now())
    clock.advance(29 * DAY)
    assert client.get("/whoever").text == EMAIL
    clock.advance(29 * DAY)
    assert client.get("/whoever").text == EMAIL
    clock.advance(30 * DAY)
    assert client.get("/whoever").text == "nobody"


def test_a_session_ends_after_a_hundred_and_eighty_days(client: FlaskClient, clock: SteppedClock) -> None:
    sign_in(client, EMAIL, now=clock.now())
    for _ in range(17):
        clock.advance(10 * DAY)
        assert client.get("/whoever").text == EMAIL
    clock.advance(10 * DAY)
    assert client.get("/whoever").text == "nobody"


def test_a_browser_is_seen_at_most_every_five_minutes(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    begun = clock.now()
    sign_in(client, EMAIL, now=begun)
    clock.advance(timedelta(minutes=4))
    client.get("/whoever")
    assert rows(database)[0].seen_at == begun
    clock.advance(timedelta(minutes=1))
    client.get("/whoever")
    assert rows(database)[0].seen_at == begun + timedelta(minutes=5)


@pytest.mark.parametrize("secret", ["", "invented", "é" * 300])
def test_an_invented_secret_is_nobody(client: FlaskClient, secret: str) -> None:
    with client.session_transaction() as cookie:
        cookie["_user_id"] = secret
    assert client.get("/whoever").text == "nobody"
    client.set_cookie("membership", "forged")
    assert client.get("/whoever").text == "nobody"


def test_who_is_not_signed_in_goes_to_sign_in_and_comes_back(client: FlaskClient) -> None:
    response = client.get("/mine/ballot?a=1")
    assert (response.status_code, response.location) == (303, "/sign-in?next=/mine/ballot?a%3D1")
    assert client.get("/desk").location == "/sign-in?next=/desk"
    # In the form for the mail and in the one for a passkey.
    assert client.get(response.location).text.count('value="/mine/ballot?a=1"') == 2


@pytest.mark.parametrize(
    ("referrer", "location"),
    [
        ("http://localhost/rounds/winter", "/sign-in?next=/rounds/winter"),
        ("https://evil.example/rounds", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_a_form_without_session_leads_back_to_its_page(client: FlaskClient, referrer: str, location: str) -> None:
    assert client.post("/mine/ballot", headers={"Referer": referrer}).location == location


def test_the_signed_in_see_what_is_theirs(client: FlaskClient, clock: SteppedClock) -> None:
    sign_in(client, EMAIL, now=clock.now())
    assert client.get("/mine/ballot").text == f"ballot of {EMAIL}"


@pytest.mark.parametrize(("roles", "status"), [((), 404), (("finance",), 404), (("editor",), 200), (("admin",), 200)])
def test_the_desk_exists_for_editors_and_admins_alone(
    client: FlaskClient, clock: SteppedClock, roles: tuple[str, ...], status: int
) -> None:
    sign_in(client, EMAIL, *roles, now=clock.now())
    response = client.get("/desk")
    assert response.status_code == status
    if status == 404:
        assert response.text == client.get("/no-such-page").text
