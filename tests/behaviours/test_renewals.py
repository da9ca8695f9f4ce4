"""A renewal that fails: recovered, or failed for good into canceled and into unpaid, and paid after all."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from sqlalchemy import select

from membership.money import Money
from membership.patrons.models import Pledge
from membership.payments.models import Payment
from membership.payments.setting_up import PLEDGE
from tests.behaviours.acts import (
    PATRON,
    checked,
    console,
    payment_states,
    pays,
    pledge_of,
    pledged,
    signed_in,
    standing_kind,
)
from tests.money import DAY, FAILS_LATER, World
from tests.stripe_sandbox.renewing import item_of
from tests.stripe_sandbox.steps import Browser

ASKS_ALWAYS = "4000002760003184"


def behind(newsroom: World) -> None:
    """Makes a patron whose first renewal has just failed."""
    checkout = newsroom.give(newsroom.browser(), cadence="month", email=PATRON).location
    assert pays(newsroom, checkout, card_number=FAILS_LATER).status == 303
    newsroom.settle()
    passes(newsroom, 31)
    assert standing_kind(newsroom) == "grace"


def passes(newsroom: World, days: int) -> None:
    """Lets days go by, and the newsroom hear of what they brought."""
    newsroom.advance(days * DAY)
    newsroom.settle()


def gets_a_good_card(newsroom: World) -> None:
    """Puts a good card on file at Stripe, as its portal or an updated card does."""
    subscription = newsroom.api.v1.subscriptions.retrieve(pledge_of(newsroom).subscription)
    method = newsroom.api.v1.payment_methods.attach("pm_card_visa", {"customer": str(subscription.customer)})
    newsroom.api.v1.subscriptions.update(subscription.id, {"default_payment_method": method.id})


def pays_what_is_open(newsroom: World) -> None:
    """Pays the open invoice, as its page at Stripe does."""
    subscription = newsroom.api.v1.subscriptions.retrieve(pledge_of(newsroom).subscription)
    newsroom.api.v1.invoices.pay(str(subscription.latest_invoice))


def test_a_card_that_is_good_again_at_the_next_try_keeps_the_patron(newsroom: World) -> None:
    behind(newsroom)
    gets_a_good_card(newsroom)
    passes(newsroom, 3)
    assert (standing_kind(newsroom), pledge_of(newsroom).grace_until) == ("live", None)
    assert payment_states(newsroom) == ["paid", "paid"]
    assert (len(newsroom.letters("Receipt")), len(newsroom.letters("Welcome"))) == (2, 1)
    assert "Next charge" in signed_in(newsroom).get("/account").text
    assert checked(newsroom).verdict == "equal"


@pytest.mark.parametrize("ending", ["canceled", "unpaid", "past_due"])
def test_who_never_pays_is_a_patron_until_the_grace_ends_and_not_after(newsroom: World, ending: str) -> None:
    console(newsroom, "billing", {"failed_renewal": ending})
    behind(newsroom)
    grace_until = pledge_of(newsroom).grace_until
    assert grace_until is not None
    passes(newsroom, (grace_until - newsroom.clock.now()).days)
    assert standing_kind(newsroom) == "grace"
    assert "You stay a patron, with your vote, until" in signed_in(newsroom).get("/account").text
    passes(newsroom, 4)
    assert pledge_of(newsroom).stripe_status == "canceled"
    assert standing_kind(newsroom) in ("lapsed", "none")
    page = signed_in(newsroom).get("/account").text
    assert "Become a patron again" in page
    assert "Next charge" not in page
    assert "You stay a patron" not in page
    assert payment_states(newsroom).count("paid") == 1


def test_a_card_that_is_paid_late_in_the_grace_brings_the_patron_back(newsroom: World) -> None:
    behind(newsroom)
    passes(newsroom, 12)
    assert standing_kind(newsroom) == "grace"
    gets_a_good_card(newsroom)
    pays_what_is_open(newsroom)
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["paid", "paid"])
    passes(newsroom, 4)
    assert standing_kind(newsroom) == "live"
    assert len(newsroom.letters("Welcome")) == 1


def test_what_is_paid_late_for_an_ended_pledge_is_received_and_brings_nobody_back(newsroom: World) -> None:
    console(newsroom, "billing", {"failed_renewal": "canceled"})
    behind(newsroom)
    gets_a_good_card(newsroom)
    newsroom.api.v1.subscriptions.cancel(pledge_of(newsroom).subscription)
    pays_what_is_open(newsroom)
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("lapsed", ["paid", "paid"])
    assert len(newsroom.letters("Receipt")) == 2


def test_who_stops_in_the_grace_has_stopped_at_once(newsroom: World) -> None:
    behind(newsroom)
    client = signed_in(newsroom)
    assert client.post("/account/pledge/cancellation").status_code == 303
    assert pledge_of(newsroom).stripe_status == "canceled"
    assert "Your pledge ended on" in client.get("/account").text


def test_the_grace_is_counted_from_the_failed_renewal_and_not_from_when_we_heard_of_it(newsroom: World) -> None:
    checkout = newsroom.give(newsroom.browser(), cadence="month", email=PATRON).location
    pays(newsroom, checkout, card_number=FAILS_LATER)
    newsroom.settle()
    renewal_at = pledge_of(newsroom).period_end_at
    passes(newsroom, 37)
    grace_until = pledge_of(newsroom).grace_until
    assert grace_until is not None
    assert timedelta(days=14) <= grace_until - renewal_at < timedelta(days=15)


def test_a_stop_is_taken_back_at_the_last_moment_and_the_pledge_goes_on(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    client.post("/account/pledge/cancellation")
    passes(newsroom, 29)
    assert standing_kind(newsroom) == "ending"
    assert client.post("/account/pledge/resumption").status_code == 303
    passes(newsroom, 3)
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["paid", "paid"])
    with newsroom.session() as session:
        assert session.scalars(select(Pledge.cancel_at)).all() == [None]


def test_a_renewal_for_which_the_bank_asks_is_a_failed_one_until_it_is_answered(newsroom: World) -> None:
    checkout = newsroom.give(newsroom.browser(), cadence="month", email=PATRON).location
    asked = pays(newsroom, checkout, card_number=ASKS_ALWAYS)
    passed = Browser(newsroom.sandbox.url).post(urlsplit(asked.location).path, {"answer": "pass"})
    assert passed.status == 303, passed.text
    newsroom.settle()
    passes(newsroom, 31)
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("grace", ["paid", "started"])
    gets_a_good_card(newsroom)
    pays_what_is_open(newsroom)
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["paid", "paid"])


@pytest.mark.parametrize("cents", [300, 900])
def test_an_amount_that_staff_change_at_stripe_is_the_pledges_from_then_on(newsroom: World, cents: int) -> None:
    pledged(newsroom)
    subscription = newsroom.api.v1.subscriptions.retrieve(pledge_of(newsroom).subscription)
    price = {"currency": "eur", "product": PLEDGE, "recurring": {"interval": "month"}, "unit_amount": cents}
    change: Any = {"items": [{"id": item_of(subscription).id, "price_data": price}], "proration_behavior": "none"}
    newsroom.api.v1.subscriptions.update(subscription.id, change)
    newsroom.settle()
    assert pledge_of(newsroom).amount == Money(cents, "EUR")
    passes(newsroom, 32)
    with newsroom.session() as session:
        paid = [payment.amount.minor for payment in session.scalars(select(Payment).order_by(Payment.id))]
    assert paid == [500, cents]
    in_dollars: Any = {"items": [{"id": item_of(subscription).id, "price_data": price | {"currency": "usd"}}]}
    with pytest.raises(stripe.InvalidRequestError):
        newsroom.api.v1.subscriptions.update(subscription.id, in_dollars)
    newsroom.settle()
    assert pledge_of(newsroom).amount == Money(cents, "EUR")
