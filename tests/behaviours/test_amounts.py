"""Currencies without decimals and with three, and amounts below what we or Stripe take."""

import tomllib
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from membership.db import transaction
from membership.money import Money
from membership.newsroom.commands import load_tables
from membership.payments.models import Movement, Payment
from membership.wiring import LOADERS
from tests.behaviours.acts import attempt_states, checked, checkouts
from tests.money import WORDS, World
from tests.stripe_sandbox.steps import Browser


@pytest.fixture
def dinars(newsroom: World) -> World:
    """A newsroom that takes Kuwaiti dinars too, from a floor below what Stripe takes."""
    _load(newsroom, "KWD", offered="5", floor="0.100")
    return newsroom


def _load(newsroom: World, currency: str, *, offered: str, floor: str) -> None:
    words: dict[str, Any] = deepcopy(tomllib.loads(WORDS.read_text("utf-8")))
    words["newsroom"]["currencies"].append(currency)
    for cadence in ("once", "month", "year"):
        words["amounts"][cadence][currency] = [offered]
        words["amounts"]["suggested"][cadence][currency] = offered
    words["amounts"]["floor"][currency], words["amounts"]["ceiling"][currency] = floor, "3000"
    with newsroom.app.app_context(), newsroom.session() as session, transaction(session):
        load_tables(session, words, LOADERS, now=newsroom.clock.now())


def amounts(newsroom: World) -> list[Money]:
    with newsroom.session() as session:
        return [payment.amount for payment in session.scalars(select(Payment).order_by(Payment.id))]


def test_yen_are_charged_as_they_are_written(newsroom: World) -> None:
    answer = newsroom.give(newsroom.browser(), currency="JPY", amount="800")
    assert "¥800" in Browser(newsroom.sandbox.url).get(urlsplit(answer.location).path).text
    newsroom.pay(answer.location)
    newsroom.settle()
    assert amounts(newsroom) == [Money(800, "JPY")]
    assert checked(newsroom).verdict == "equal"


def test_dinars_have_three_decimals_of_which_the_last_is_nothing(dinars: World) -> None:
    reader = dinars.browser()
    thanks = dinars.give_and_pay(reader, currency="KWD", amount="other", other_amount="5.25")
    dinars.settle()
    assert amounts(dinars) == [Money(5250, "KWD")]
    assert "5.250" in reader.get(thanks).text
    dinars.collect()
    with dinars.session() as session:
        assert {movement.amount.currency for movement in session.scalars(select(Movement))} == {"USD"}
    assert checked(dinars).verdict == "equal"
    refused = dinars.give(reader, currency="KWD", amount="other", other_amount="5.255")
    assert (refused.status_code, "KWD has 2 decimals at most." in refused.text) == (422, True)


def test_below_our_floor_stripe_is_not_asked(newsroom: World) -> None:
    answer = newsroom.give(newsroom.browser(), amount="other", other_amount="0.99")
    assert (answer.status_code, checkouts(newsroom), attempt_states(newsroom)) == (422, [], [])


def test_below_stripes_own_minimum_nothing_is_taken_and_no_page_opened(dinars: World) -> None:
    answer = dinars.give(dinars.browser(), currency="KWD", amount="other", other_amount="0.100")
    assert (answer.status_code, checkouts(dinars)) == (503, [])
    assert "Nothing was taken" in answer.text
