"""Who gave a moment ago is asked before giving again: by the account or this browser, never by a typed address."""

import re
from dataclasses import replace
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import func, select

from membership.payments.models import Attempt, Payment
from tests.behaviours.acts import signed_in
from tests.money import DAY, World


def attempts(newsroom: World) -> int:
    with newsroom.session() as session:
        return session.scalar(select(func.count()).select_from(Attempt)) or 0


def given(newsroom: World, client: FlaskClient, **fields: str) -> None:
    newsroom.give_and_pay(client, **fields)
    newsroom.settle()


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def test_this_browser_is_asked_and_goes_on_if_it_means_it(newsroom: World) -> None:
    client = newsroom.browser()
    given(newsroom, client)
    answer = newsroom.give(client, amount="10", email="x@example.org")
    assert answer.status_code == 409
    with newsroom.session() as session:
        paid_at = session.scalars(select(Payment.paid_at)).one()
    assert paid_at is not None
    kyiv = paid_at + timedelta(hours=2)
    assert f"You already gave €5.00 at {kyiv:%H:%M}; give again?" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "a donation to us can be prosecuted" in answer.text.partition("You already gave")[0]
    assert "Your bank statement shows" in answer.text
    assert attempts(newsroom) == 1
    kept = hidden(answer.text)
    assert (kept["amount"], kept["email"], kept["cadence"]) == ("10", "x@example.org", "once")
    again = client.post("/support/checkout", data={**kept, "again": "yes"})
    assert again.status_code == 303
    assert newsroom.pay(again.location).status == 303
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 2


def test_the_account_is_asked_in_another_browser(newsroom: World) -> None:
    given(newsroom, signed_in(newsroom, "donor@example.org"))
    assert newsroom.give(signed_in(newsroom, "donor@example.org")).status_code == 409


def test_a_typed_address_tells_nobody_that_it_gave(newsroom: World) -> None:
    given(newsroom, newsroom.browser(), email="donor@example.org")
    assert newsroom.give(newsroom.browser(), email="donor@example.org").status_code == 303


def test_who_gave_once_may_become_a_patron_without_a_question(newsroom: World) -> None:
    client = newsroom.browser()
    given(newsroom, client)
    assert newsroom.give(client, cadence="month").status_code == 303


def test_a_guest_who_pledges_twice_is_asked(newsroom: World) -> None:
    client = newsroom.browser()
    given(newsroom, client, cadence="month")
    assert newsroom.give(client, cadence="year", amount="100").status_code == 409


def test_ten_minutes_later_nobody_is_asked(newsroom: World) -> None:
    client = newsroom.browser()
    given(newsroom, client)
    newsroom.advance(11 * 60)
    assert newsroom.give(client).status_code == 303


def test_who_has_not_paid_is_not_asked(newsroom: World) -> None:
    client = newsroom.browser()
    assert newsroom.give(client).status_code == 303
    assert newsroom.give(client).status_code == 303


def test_the_same_form_leads_to_its_thanks_without_a_question(newsroom: World) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    newsroom.pay(newsroom.give(client, token=token).location)
    newsroom.settle()
    answer = newsroom.give(client, token=token)
    assert answer.status_code == 303
    assert "/support/thanks/" in answer.location


def test_the_cookie_of_the_own_attempt_is_for_a_day_and_for_us_alone(newsroom: World) -> None:
    client = newsroom.browser()
    answer = newsroom.give(client)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("attempt=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", f"Max-Age={DAY}"} <= set(cookie.split("; "))


def test_outside_of_the_demo_the_cookie_is_bound_to_this_host(newsroom: World) -> None:
    newsroom.app.extensions["settings"] = replace(newsroom.app.extensions["settings"], mode="test")
    (cookie,) = newsroom.give(newsroom.browser()).headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-attempt=")
    assert {"HttpOnly", "Secure", "Path=/"} <= set(cookie.split("; "))


def test_a_cookie_that_we_did_not_sign_asks_nothing(newsroom: World) -> None:
    given(newsroom, newsroom.browser())
    with newsroom.session() as session:
        reference = session.scalars(select(Attempt.reference)).one()
    stranger = newsroom.browser()
    stranger.set_cookie("attempt", reference)
    assert newsroom.give(stranger).status_code == 303
