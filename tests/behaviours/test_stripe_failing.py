"""Stripe fails while a Checkout is made: the reader hears it, and the same form leads to one page that can be paid."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.behaviours.acts import (
    checked,
    checkouts,
    goes_well_again,
    goes_wrong,
    payment_states,
    pledge_of,
    pledged,
    signed_in,
)
from tests.money import World
from tests.processes.alive import until

CREATION = {"method": "POST", "path": "/v1/checkout/sessions"}
ALWAYS: dict[str, Any] = {"lasts": 3600}
ONCE: dict[str, Any] = {"times": 1}

pytestmark = pytest.mark.usefixtures("impatient")


def is_said_honestly(answer: TestResponse) -> bool:
    honest = "Payments cannot be reached right now. Nothing was taken." in answer.text
    return answer.status_code == 503 and answer.headers["Retry-After"] == "120" and honest


def is_paid_once(newsroom: World, checkout_url: str) -> bool:
    assert checkouts(newsroom) == ["open"]
    assert newsroom.pay(checkout_url).status == 303
    newsroom.settle()
    return payment_states(newsroom) == ["paid"] and checked(newsroom).verdict == "equal"


@pytest.mark.parametrize(
    ("kind", "how_long"),
    [
        ("rate_limit", ONCE),
        ("malformed", ONCE),
        ("server_error", ALWAYS),
        ("down", ALWAYS),
        ("lock_timeout", ALWAYS),
        ("lost", ALWAYS),
        ("refused", ALWAYS),
    ],
)
def test_what_stripe_cannot_do_now_is_said_and_the_same_form_goes_on_later(
    newsroom: World, kind: str, how_long: dict[str, Any]
) -> None:
    token = newsroom.form_token(newsroom.browser())
    goes_wrong(newsroom, kind, **CREATION, **how_long)
    assert is_said_honestly(newsroom.give(newsroom.browser(), token=token))
    goes_well_again(newsroom)
    answer = newsroom.give(newsroom.browser(), token=token)
    assert is_paid_once(newsroom, answer.location)


@pytest.mark.parametrize("kind", ["server_error", "down", "lock_timeout", "lost", "refused"])
def test_one_failure_of_stripe_is_nothing_a_reader_sees(newsroom: World, kind: str) -> None:
    goes_wrong(newsroom, kind, **CREATION, **ONCE)
    answer = newsroom.give(newsroom.browser())
    assert answer.status_code == 303
    assert is_paid_once(newsroom, answer.location)


def test_a_call_that_hangs_makes_no_second_page_although_it_is_asked_again_meanwhile(newsroom: World) -> None:
    token = newsroom.form_token(newsroom.browser())
    goes_wrong(newsroom, "slow", seconds=2, **CREATION, **ONCE)
    assert is_said_honestly(newsroom.give(newsroom.browser(), token=token))
    answers: list[TestResponse] = []

    def is_answered() -> bool:
        answers.append(newsroom.give(newsroom.browser(), token=token))
        return answers[-1].status_code == 303

    until(is_answered, lambda: answers[-1].text)
    assert is_paid_once(newsroom, answers[-1].location)


def test_the_thanks_page_says_what_it_knows_while_stripe_is_down(newsroom: World) -> None:
    thanks = newsroom.give_and_pay(newsroom.browser())
    goes_wrong(newsroom, "down", **ALWAYS)
    page = newsroom.browser().get(thanks)
    assert page.status_code == 200
    assert "We have not heard from the bank yet" in page.text
    goes_well_again(newsroom)
    assert "Received: €5.00" in newsroom.browser().get(thanks).text


def test_a_stop_that_stripe_did_not_hear_is_no_stop(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    goes_wrong(newsroom, "down", **ALWAYS)
    answer = client.post("/account/pledge/cancellation")
    assert (answer.status_code, pledge_of(newsroom).cancel_at) == (503, None)
    assert "Nothing was changed" in answer.text
    goes_well_again(newsroom)
    assert client.post("/account/pledge/cancellation").status_code == 303
    assert pledge_of(newsroom).cancel_at is not None


def test_two_clicks_while_the_first_answer_is_lost_lead_to_one_page(newsroom: World) -> None:
    token = newsroom.form_token(newsroom.browser())
    goes_wrong(newsroom, "lost", times=3, **CREATION)
    places = [newsroom.give(newsroom.browser(), token=token).location for _ in range(3)]
    assert places[0] is None
    assert places[1] == places[2]
    assert is_paid_once(newsroom, places[2])
