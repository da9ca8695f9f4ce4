"""Passkeys: added, named, removed and signed in with; by an authenticator in software."""

import html
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.accounts.models import Passkey
from membership.clock import SteppedClock
from membership.db import Database
from tests.accounts.authenticator import Authenticator
from tests.accounts.doors import mails, sign_in, text_of

EMAIL = "olena@example.org"


@pytest.fixture
def owner(app: Flask, clock: SteppedClock) -> FlaskClient:
    """A browser in which the owner is signed in."""
    return browser(app, EMAIL, clock)


def browser(app: Flask, email: str, clock: SteppedClock) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    sign_in(client, email, now=clock.now())
    return client


def question(page: TestResponse) -> tuple[str, Mapping[str, Any]]:
    """Returns the challenge and the options of the form for passkeys."""
    options = re.search(r'data-options="([^"]+)"', page.text)
    challenge = re.search(r'name="challenge" value="([^"]+)"', page.text)
    assert options, page.text
    assert challenge
    return challenge[1], json.loads(html.unescape(options[1]))


def post_add(client: FlaskClient, device: Authenticator, *, name: str = "my telephone") -> TestResponse:
    challenge, options = question(client.get("/account/passkeys"))
    answer = device.create(dict(options))
    return client.post("/account/passkeys", data={"challenge": challenge, "credential": answer, "name": name})


def added(client: FlaskClient) -> Authenticator:
    device = Authenticator()
    response = post_add(client, device)
    assert (response.status_code, response.location) == (303, "/account/passkeys"), response.text
    return device


def prove(client: FlaskClient, device: Authenticator, *, next_path: str = "") -> TestResponse:
    challenge, options = question(client.get("/sign-in"))
    answer = device.get(dict(options))
    return client.post("/sign-in/passkey", data={"challenge": challenge, "credential": answer, "next": next_path})


def kept(database: Database) -> list[Passkey]:
    with database.session() as session:
        return list(session.scalars(select(Passkey).order_by(Passkey.id)))


def test_a_passkey_signs_in_without_an_address_and_without_a_mail(
    client: FlaskClient, owner: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    device = added(owner)
    clock.advance(timedelta(days=3))
    response = prove(client, device, next_path="/topics")
    assert (response.status_code, response.location) == (303, "/topics")
    assert EMAIL in client.get("/account").text
    assert (kept(database)[0].sign_count, kept(database)[0].used_at) == (1, clock.now())


def test_the_sign_in_page_names_no_key(client: FlaskClient, owner: FlaskClient) -> None:
    added(owner)
    _challenge, options = question(client.get("/sign-in"))
    assert not options.get("allowCredentials")
    assert options["rpId"] == "localhost"
    assert options["userVerification"] == "required"


def test_adding_one_is_listed_and_told_by_mail(app: Flask, owner: FlaskClient) -> None:
    added(owner)
    page = owner.get("/account/passkeys")
    assert page.headers["Cache-Control"] == "no-store"
    assert "my telephone" in page.text
    (mail,) = mails(app)
    assert mail["To"] == EMAIL
    assert "http://localhost:8000/account/passkeys" in text_of(mail)


def test_a_device_is_asked_not_to_make_a_second_one_and_a_second_is_refused(
    owner: FlaskClient, database: Database
) -> None:
    device = added(owner)
    _challenge, options = question(owner.get("/account/passkeys"))
    assert len(options["excludeCredentials"]) == 1
    assert post_add(owner, device).status_code == 422
    assert len(kept(database)) == 1


def test_a_passkey_is_renamed(owner: FlaskClient, database: Database) -> None:
    added(owner)
    path = f"/account/passkeys/{kept(database)[0].reference}/name"
    assert owner.post(path, data={"name": "  the   blue one "}).status_code == 303
    assert kept(database)[0].name == "the blue one"
    for name in ("", "x" * 61):
        assert owner.post(path, data={"name": name}).status_code == 422


def test_a_removed_passkey_signs_in_no_more(client: FlaskClient, owner: FlaskClient, database: Database) -> None:
    device = added(owner)
    assert owner.post(f"/account/passkeys/{kept(database)[0].reference}/removal").status_code == 303
    response = prove(client, device)
    assert response.status_code == 422
    assert "We do not know this passkey" in response.text
    assert client.get("/account").status_code == 303


def test_another_persons_passkey_is_not_there(
    app: Flask, owner: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    added(owner)
    other, reference = browser(app, "taras@example.org", clock), kept(database)[0].reference
    assert other.post(f"/account/passkeys/{reference}/name", data={"name": "mine"}).status_code == 404
    assert other.post(f"/account/passkeys/{reference}/removal").status_code == 404
    assert [each.name for each in kept(database)] == ["my telephone"]


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "http://evil.example"}, {"site": "evil.example"}, {"verifies": False}],
    ids=["origin", "site", "not-verified"],
)
def test_an_answer_for_another_site_or_without_its_person_signs_nobody_in(
    client: FlaskClient, owner: FlaskClient, wrong: dict[str, Any]
) -> None:
    device = added(owner)
    for name, value in wrong.items():
        setattr(device, name, value)
    response = prove(client, device)
    assert response.status_code == 422
    assert "did not sign in" in response.text
    assert client.get("/account").status_code == 303
    assert post_add(owner, Authenticator(**wrong)).status_code == 422


def test_another_key_under_the_same_id_signs_nobody_in(client: FlaskClient, owner: FlaskClient) -> None:
    device = added(owner)
    assert prove(client, Authenticator(id=device.id)).status_code == 422


def test_an_answer_is_good_once(app: Flask, client: FlaskClient, owner: FlaskClient, clock: SteppedClock) -> None:
    device = added(owner)
    challenge, options = question(client.get("/sign-in"))
    data = {"challenge": challenge, "credential": device.get(dict(options))}
    clock.advance(timedelta(seconds=5))
    assert client.post("/sign-in/passkey", data=data).status_code == 303
    thief = app.test_client()
    thief.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    assert thief.post("/sign-in/passkey", data=data).status_code == 422
    assert thief.get("/account").status_code == 303


def test_a_copied_key_that_was_used_less_often_is_refused(
    client: FlaskClient, owner: FlaskClient, clock: SteppedClock
) -> None:
    device = added(owner)
    device.uses = 7
    assert prove(client, device).status_code == 303
    clock.advance(timedelta(minutes=1))
    device.uses = 3
    assert prove(client, device).status_code == 422


def test_a_page_that_was_open_for_too_long_asks_anew(
    client: FlaskClient, owner: FlaskClient, clock: SteppedClock
) -> None:
    device = added(owner)
    challenge, options = question(client.get("/sign-in"))
    clock.advance(timedelta(hours=2))
    data = {"challenge": challenge, "credential": device.get(dict(options))}
    response = client.post("/sign-in/passkey", data=data)
    assert response.status_code == 422
    assert "open for too long" in response.text
    assert question(response)[0] != challenge


def test_a_challenge_of_one_person_adds_nothing_to_another(
    app: Flask, owner: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    other = browser(app, "taras@example.org", clock)
    for page in (owner.get("/account/passkeys"), owner.get("/sign-in")):
        challenge, options = question(page)
        answer = Authenticator().create(dict(options))
        data = {"challenge": challenge, "credential": answer, "name": "mine"}
        assert other.post("/account/passkeys", data=data).status_code == 422
    assert kept(database) == []


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"id": 1}', '{"id": "x"}', "[" * 5000, "x" * 20_000])
def test_nonsense_is_refused_with_a_sentence(client: FlaskClient, owner: FlaskClient, answer: str) -> None:
    challenge, _options = question(client.get("/sign-in"))
    response = client.post("/sign-in/passkey", data={"challenge": challenge, "credential": answer})
    assert response.status_code == 422
    challenge, _options = question(owner.get("/account/passkeys"))
    data = {"challenge": challenge, "credential": answer, "name": "mine"}
    assert owner.post("/account/passkeys", data=data).status_code == 422


def test_nobody_is_led_to_another_site(client: FlaskClient, owner: FlaskClient) -> None:
    assert prove(client, added(owner), next_path="//evil.example").location == "/account"


def test_ten_passkeys_are_enough(owner: FlaskClient, database: Database) -> None:
    for _ in range(10):
        added(owner)
    assert post_add(owner, Authenticator()).status_code == 422
    assert len(kept(database)) == 10


def test_who_is_not_signed_in_adds_none(client: FlaskClient, database: Database) -> None:
    assert client.get("/account/passkeys").location == "/sign-in?next=/account/passkeys"
    assert client.post("/account/passkeys", data={"name": "x"}).status_code == 303
    assert kept(database) == []
