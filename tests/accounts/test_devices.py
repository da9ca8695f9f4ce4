"""Where one is signed in: the list, signing out there or everywhere, and the letter about a new device."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from membership.accounts.device_names import device_name
from membership.clock import SteppedClock
from tests.accounts.doors import ask, code_in, link_in, mails, post_code, text_of

EMAIL = "olena@example.org"
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
NEW = "A new device is signed in"


def browser(app: Flask, user_agent: str = CHROME) -> FlaskClient:
    client = app.test_client()
    client.environ_base.update(HTTP_SEC_FETCH_SITE="same-origin", HTTP_USER_AGENT=user_agent)
    return client


def come_in(app: Flask, client: FlaskClient, email: str = EMAIL) -> TestResponse:
    request_id = ask(client, email)
    letters = [each for each in mails(app) if "is your code" in str(each["Subject"])]
    response = post_code(client, request_id, code_in(letters[-1]))
    assert response.status_code == 303, response.text
    return response


def told(app: Flask) -> list[str]:
    return [text_of(each) for each in mails(app) if str(each["Subject"]).startswith(NEW)]


def others_button(page: TestResponse) -> str:
    found = re.search(r'action="(/account/devices/[0-9a-f]{32}/sign-out)"', page.text)
    assert found, page.text
    return found[1]


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox/Android"),
        (CHROME, "Chrome/Windows"),
        (CHROME.replace("Safari/", "Edg/141 Safari/"), "Edge/Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari/iPhone"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile Instagram 400.0", "Instagram/iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/19.0 Safari/605.1", "Safari/Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0", "Firefox/Linux"),
        ("<script>alert(1)</script>", "/"),
        ("", "/"),
    ],
)
def test_a_browser_is_called_by_a_plain_name(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


def test_the_list_names_each_browser_with_its_times_and_this_one_first(app: Flask, clock: SteppedClock) -> None:
    phone, desk = browser(app, FIREFOX), browser(app)
    come_in(app, desk)
    clock.advance(timedelta(hours=1))
    come_in(app, phone)
    page = desk.get("/account/devices")
    assert page.headers["Cache-Control"] == "no-store"
    assert re.findall(r"<h2>(.+ on .+)</h2>", page.text) == [
        "Chrome on Windows · this browser",
        "Firefox on Android",
    ]
    assert "22 November 2026, 12:00" in page.text
    assert "22 November 2026, 13:00" in page.text


def test_signing_out_one_browser_holds_from_its_next_page_on(app: Flask) -> None:
    phone, desk = browser(app, FIREFOX), browser(app)
    come_in(app, phone)
    come_in(app, desk)
    assert phone.get("/account").status_code == 200
    button = others_button(desk.get("/account/devices"))
    assert desk.post(button).location == "/account/devices"
    assert phone.get("/account").location.startswith("/sign-in")
    assert desk.get("/account").status_code == 200
    assert "Firefox" not in desk.get("/account/devices").text
    assert desk.post(button).status_code == 404


def test_signing_out_everywhere_holds_from_the_next_page_on(app: Flask) -> None:
    browsers = [browser(app, FIREFOX), browser(app), browser(app)]
    for each in browsers:
        come_in(app, each)
    assert browsers[1].post("/account/devices/sign-out").location == "/sign-in"
    assert [each.get("/account").status_code for each in browsers] == [303, 303, 303]


def test_nobody_signs_out_another_person(app: Flask) -> None:
    mine, theirs = browser(app), browser(app, FIREFOX)
    come_in(app, mine)
    come_in(app, browser(app, FIREFOX))
    come_in(app, theirs, "taras@example.org")
    button = others_button(mine.get("/account/devices"))
    assert theirs.post(button).status_code == 404
    assert button in mine.get("/account/devices").text


def test_who_is_not_signed_in_sees_no_devices(client: FlaskClient) -> None:
    assert client.get("/account/devices").location == "/sign-in?next=/account/devices"
    assert client.post("/account/devices/sign-out").status_code == 303


def test_the_first_device_is_no_news_and_the_same_browser_is_known_after_signing_out(app: Flask) -> None:
    phone = browser(app, FIREFOX)
    for _ in range(3):
        come_in(app, phone)
        phone.post("/sign-out")
    assert told(app) == []


def test_a_new_device_is_told_with_its_name_and_the_time(app: Flask) -> None:
    come_in(app, browser(app))
    come_in(app, browser(app, FIREFOX))
    (letter,) = told(app)
    assert "Firefox on Android" in letter
    assert "22 November 2026, 12:00" in letter
    assert mails(app)[-1]["To"] == EMAIL


def test_a_browser_known_to_another_person_is_new_to_me(app: Flask) -> None:
    shared = browser(app)
    come_in(app, shared, "taras@example.org")
    come_in(app, browser(app, FIREFOX))
    come_in(app, shared)
    assert len(told(app)) == 1


def test_the_letter_signs_out_everywhere_without_signing_in(app: Flask) -> None:
    mine, foreign, mailbox = browser(app), browser(app, FIREFOX), browser(app)
    come_in(app, mine)
    come_in(app, foreign)
    found = re.search(r"http://localhost:8000(/links/sign-out/\S+)", told(app)[0])
    assert found
    for _ in range(3):
        assert "open in 2 browsers" in mailbox.get(found[1]).text
    assert foreign.get("/account").status_code == 200
    assert mailbox.post(found[1]).status_code == 303
    assert [each.get("/account").status_code for each in (mine, foreign)] == [303, 303]
    assert "Nobody is signed in" in mailbox.get(found[1]).text


def test_a_browser_within_an_app_that_keeps_nothing_comes_in_by_the_code(app: Flask) -> None:
    within = app.test_client(use_cookies=False)
    within.environ_base.update(HTTP_SEC_FETCH_SITE="same-origin", HTTP_USER_AGENT="Mobile Instagram 400.0 (iPhone)")
    response = post_code(within, ask(within, EMAIL), code_in(mails(app)[-1]))
    assert (response.status_code, response.location) == (303, "/account")


def test_what_a_browser_says_of_itself_is_not_kept(app: Flask) -> None:
    phone = browser(app, FIREFOX)
    come_in(app, phone)
    database = app.extensions["database"]
    with database.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT * FROM sessions").mappings().one()
    assert "Gecko" not in str(row)
    assert row["device"] == "Firefox/Android"


def test_the_link_of_a_mail_names_the_device_that_opens_it(app: Flask) -> None:
    desk, phone = browser(app), browser(app, FIREFOX)
    ask(desk, EMAIL)
    phone.post(link_in(mails(app)[-1]))
    assert "Firefox on Android · this browser" in phone.get("/account/devices").text
