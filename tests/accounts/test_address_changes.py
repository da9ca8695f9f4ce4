"""Another address for an account: confirmed by both, the same answer whether it is taken or not."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.models import Account, AddressChange
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.payments.models import Payer
from tests.accounts.doors import accounts, ask, link_in, mails, person, sign_in, text_of

OLD, NEW = "olena@example.org", "olena.new@example.net"
DAY = timedelta(days=1)


@pytest.fixture
def owner(client: FlaskClient, clock: SteppedClock) -> Account:
    """Somebody who is signed in, in `client`."""
    return sign_in(client, OLD, now=clock.now())


def wish(client: FlaskClient, email: str = NEW) -> None:
    response = client.post("/account/address", data={"email": email})
    assert (response.status_code, response.location) == (303, "/account/address"), response.text


def letter_to(app: Flask, email: str) -> str:
    return next(text_of(each) for each in reversed(mails(app)) if each["To"] == email)


def link_to(app: Flask, email: str) -> str:
    found = re.search(r"http://localhost:8000(/links/address-\S+)", letter_to(app, email))
    assert found
    return found[1]


def payer(database: Database, clock: SteppedClock, key: str, account: Account | None) -> None:
    with database.session() as session, transaction(session):
        session.add(
            Payer(
                reference=f"payer of {key} {account is None}",
                account_id=account.id if account else None,
                email=key,
                email_key=key,
                created_at=clock.now(),
            )
        )


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)], ids=["old-first", "new-first"])
def test_the_address_changes_once_both_have_confirmed(
    app: Flask, client: FlaskClient, owner: Account, database: Database, order: tuple[str, str]
) -> None:
    wish(client)
    mailbox = app.test_client()
    mailbox.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    links = [link_to(app, email) for email in order]
    for link in links:
        for _ in range(3):
            assert f'action="{link}"' in mailbox.get(link).text
    assert mailbox.post(links[0]).location == links[0]
    assert "Confirmed here" in mailbox.get(links[0]).text
    assert list(accounts(database)) == [OLD]
    assert mailbox.post(links[1]).location == "/account/address/changed"
    assert "Both addresses have confirmed" in mailbox.get("/account/address/changed").text
    moved = accounts(database)[NEW]
    assert (moved.id, moved.email, moved.link_version) == (owner.id, NEW, owner.link_version + 1)
    assert [mailbox.get(link).status_code for link in links] == [410, 410]
    done = [each["To"] for each in mails(app) if "has changed" in str(each["Subject"])]
    assert sorted(done) == sorted([OLD, NEW])


def test_confirming_one_side_twice_is_not_confirming_both(
    app: Flask, client: FlaskClient, owner: Account, database: Database
) -> None:
    wish(client)
    link = link_to(app, OLD)
    assert [client.post(link).status_code for _ in range(3)] == [303, 303, 303]
    assert list(accounts(database)) == [owner.email_key]


def test_payers_follow_and_what_was_known_by_the_new_address_alone_comes_along(
    app: Flask, client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    stranger = person(database, "taras@example.org", now=clock.now())
    payer(database, clock, OLD, owner)
    payer(database, clock, NEW, None)
    payer(database, clock, "taras@example.org", stranger)
    wish(client)
    for email in (OLD, NEW):
        client.post(link_to(app, email))
    with database.session() as session:
        rows = {(row.account_id, row.email, row.email_key) for row in session.scalars(select(Payer))}
    assert rows == {(owner.id, NEW, NEW), (stranger.id, "taras@example.org", "taras@example.org")}


def test_a_taken_address_gets_the_same_answer_and_no_link(
    app: Flask, client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    person(database, "free1@example.org", now=clock.now())
    pages = []
    for email in ("free1@example.org", "free2@example.org"):
        answer = client.post("/account/address", data={"email": email})
        page = client.get(answer.location)
        seen = (answer.status_code, answer.location, answer.text, sorted(answer.headers.keys()), page.text)
        pages.append(str(seen).replace(email, "E"))
        client.post(link_to(app, OLD))
        pages[-1] += client.get("/account/address").text.replace(email, "E")
    assert pages[0] == pages[1]
    taken = next(each for each in mails(app) if each["To"] == "free1@example.org")
    assert "has an account" in str(taken["Subject"])
    assert "/links/" not in text_of(taken)
    assert OLD not in text_of(taken)


def test_an_address_that_somebody_came_to_have_meanwhile_is_left_to_them(
    app: Flask, client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    wish(client)
    links = [link_to(app, email) for email in (OLD, NEW)]
    other = person(database, NEW, now=clock.now())
    answers = [client.post(link) for link in links]
    assert [each.status_code for each in answers] == [303, 303]
    assert {key: each.id for key, each in accounts(database).items()} == {OLD: owner.id, NEW: other.id}


def test_ones_own_address_in_another_spelling_is_no_change(app: Flask, client: FlaskClient, owner: Account) -> None:
    response = client.post("/account/address", data={"email": owner.email.upper()})
    assert response.status_code == 422
    assert 'id="email-error"' in response.text
    assert mails(app) == []


@pytest.mark.parametrize("email", ["", "nobody", "<b>x</b>@example.org"])
def test_what_is_no_address_is_refused_at_the_field(client: FlaskClient, owner: Account, email: str) -> None:
    response = client.post("/account/address", data={"email": email})
    assert response.status_code == 422
    assert 'id="email-error"' in response.text


def test_a_wish_is_over_after_a_day(
    app: Flask, client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    wish(client)
    client.post(link_to(app, OLD))
    link = link_to(app, NEW)
    clock.advance(DAY + timedelta(minutes=1))
    assert client.post(link).status_code == 410
    assert list(accounts(database)) == [owner.email_key]
    assert "A change is waiting" not in client.get("/account/address").text


def test_a_wish_that_was_taken_back_or_replaced_does_nothing(
    app: Flask, client: FlaskClient, owner: Account, database: Database
) -> None:
    wish(client)
    links = [link_to(app, email) for email in (OLD, NEW)]
    assert "A change is waiting" in client.get("/account/address").text
    assert client.post("/account/address/withdrawal").status_code == 303
    assert "A change is waiting" not in client.get("/account/address").text
    assert "was taken back" in client.get(links[0]).text
    wish(client, "third@example.org")
    assert [client.post(link).status_code for link in links] == [410, 410]
    assert list(accounts(database)) == [owner.email_key]


def test_links_do_not_serve_the_other_address(app: Flask, client: FlaskClient, owner: Account) -> None:
    wish(client)
    assert owner.email == OLD
    for email, foreign in ((OLD, "address-new"), (NEW, "address-old")):
        own, token = link_to(app, email).rsplit("/", 1)
        assert client.get(f"{own}/{token}").status_code == 200
        assert client.post(f"/links/{foreign}/{token}").status_code == 404
        assert client.post(f"{own}/{token[:-1]}").status_code == 404


def test_letters_are_not_sent_without_end(app: Flask, client: FlaskClient, owner: Account) -> None:
    for number in range(5):
        wish(client, f"new{number}@example.org")
    response = client.post("/account/address", data={"email": "new5@example.org"})
    assert owner.email == OLD
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert 'value="new5@example.org"' in response.text


def test_one_inbox_is_not_filled_from_many_accounts(app: Flask, clock: SteppedClock) -> None:
    answers = []
    for number in range(6):
        each = app.test_client()
        each.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        sign_in(each, f"one{number}@example.org", now=clock.now())
        answers.append(each.post("/account/address", data={"email": NEW}).status_code)
    assert answers == [303] * 5 + [429]


def test_a_mail_that_signs_in_at_the_old_address_does_so_no_more(
    app: Flask, client: FlaskClient, owner: Account, database: Database
) -> None:
    wish(client)
    links = [link_to(app, email) for email in (OLD, NEW)]
    other = app.test_client()
    other.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    ask(other, OLD)
    way_in = link_in(mails(app)[-1])
    for link in links:
        client.post(link)
    assert other.post(way_in).status_code == 410
    assert list(accounts(database)) == [NEW]
    assert client.get("/account").status_code == 200
    assert owner.id == accounts(database)[NEW].id


def test_who_is_not_signed_in_asks_for_nothing(client: FlaskClient, database: Database) -> None:
    assert client.get("/account/address").location == "/sign-in?next=/account/address"
    assert client.post("/account/address", data={"email": NEW}).status_code == 303
    with database.session() as session:
        assert session.scalars(select(AddressChange)).all() == []
