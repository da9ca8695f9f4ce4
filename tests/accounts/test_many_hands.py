"""One link in many hands at once, and in those of scanners and prefetchers: it signs in once, when it is pressed."""

import threading
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from membership.accounts.models import Account, SignInSession
from membership.db import Database
from tests.accounts.doors import ask, code_in, link_in, mails, post_code

EMAIL = "olena@example.org"
HANDS = 50
LOOKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("HEAD", {}),
    ("GET", {}),
    ("GET", {"Sec-Purpose": "prefetch", "Purpose": "prefetch", "Sec-Fetch-Dest": "document"}),
)


def count(database: Database, model: type[SignInSession] | type[Account]) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_of_fifty_who_press_one_link_at_once_one_comes_in(app: Flask, client: FlaskClient, database: Database) -> None:
    ask(client, EMAIL)
    link, gate = link_in(mails(app)[-1]), threading.Barrier(HANDS)

    def press(_number: int) -> int:
        hand = app.test_client()
        gate.wait()
        return hand.post(link, headers={"Sec-Fetch-Site": "same-origin"}).status_code

    with ThreadPoolExecutor(HANDS) as hands:
        statuses = sorted(hands.map(press, range(HANDS)))
    assert statuses == [303] + [410] * (HANDS - 1)
    assert (count(database, SignInSession), count(database, Account)) == (1, 1)


def test_of_fifty_who_type_one_code_at_once_one_comes_in(app: Flask, client: FlaskClient, database: Database) -> None:
    request_id = ask(client, EMAIL)
    code, gate = code_in(mails(app)[-1]), threading.Barrier(HANDS)

    def enter(_number: int) -> int:
        hand = app.test_client()
        hand.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        gate.wait()
        return post_code(hand, request_id, code).status_code

    with ThreadPoolExecutor(HANDS) as hands:
        statuses = sorted(hands.map(enter, range(HANDS)))
    assert statuses == [303] + [410] * (HANDS - 1)
    assert count(database, SignInSession) == 1


def test_a_link_that_was_looked_at_three_hundred_times_still_signs_in(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    ask(client, EMAIL)
    link, scanner = link_in(mails(app)[-1]), app.test_client()
    for _ in range(100):
        for method, headers in LOOKS:
            page = scanner.open(link, method=method, headers=headers)
            assert page.status_code == 200
            assert "Set-Cookie" not in page.headers
    assert count(database, Account) == 0
    assert client.post(link).status_code == 303
    assert count(database, SignInSession) == 1
