"""Money that goes back at Stripe: until the books know whose it was, the ledger still equals the balance."""

from typing import Any

import pytest

from tests.behaviours.acts import checked, console, payment_states, pays, pledged, standing_kind
from tests.money import DAY, World

REFUND_WAITS = "4000000000007726"
REFUND_FAILS = "4000000000005126"
DISPUTED = "4000000000000259"


def given(newsroom: World, card: str) -> str:
    """Gives €5 by this card and returns the payment intent."""
    assert pays(newsroom, newsroom.give(newsroom.browser()).location, card_number=card).status == 303
    newsroom.settle()
    newsroom.collect()
    return str(newsroom.api.v1.checkout.sessions.list({"limit": 1}).data[0].payment_intent)


@pytest.mark.parametrize("amount", [200, 500])
def test_after_a_refund_in_the_dashboard_the_ledger_is_the_balance(newsroom: World, amount: int) -> None:
    intent = given(newsroom, "4242424242424242")
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": amount})
    newsroom.settle()
    assert checked(newsroom).verdict == "equal"
    fee = 33
    assert {currency: ours for currency, ours, _ in checked(newsroom).lines}["EUR"] == 500 - fee - amount
    assert payment_states(newsroom) == ["paid"]


@pytest.mark.parametrize("card", [REFUND_WAITS, REFUND_FAILS])
def test_a_refund_that_waits_or_fails_keeps_the_ledger_equal(newsroom: World, card: str) -> None:
    intent = given(newsroom, card)
    newsroom.api.v1.refunds.create({"payment_intent": intent})
    newsroom.settle()
    assert checked(newsroom).verdict == "equal"
    newsroom.advance(10 * DAY)
    newsroom.settle()
    assert checked(newsroom).verdict == "equal"


@pytest.mark.parametrize(("evidence", "ends"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_a_dispute_won_or_lost_keeps_the_ledger_equal(newsroom: World, evidence: str, ends: str) -> None:
    given(newsroom, DISPUTED)
    assert checked(newsroom).verdict == "equal"
    dispute = newsroom.api.v1.disputes.list({"limit": 1}).data[0]
    submitted: Any = {"evidence": {"uncategorized_text": evidence}, "submit": True}
    newsroom.api.v1.disputes.update(dispute.id, submitted)
    newsroom.advance(80 * DAY)
    newsroom.settle()
    assert newsroom.api.v1.disputes.retrieve(dispute.id).status == ends
    assert checked(newsroom).verdict == "equal"


def test_payouts_leave_the_ledger_equal(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.advance(20 * DAY)
    newsroom.settle()
    assert newsroom.api.v1.payouts.list({"limit": 1}).data
    assert checked(newsroom).verdict == "equal"


def test_a_refund_in_the_dashboard_takes_nobodys_standing_by_itself(newsroom: World) -> None:
    pledged(newsroom)
    intent = newsroom.api.v1.payment_intents.list({"limit": 1}).data[0]
    newsroom.api.v1.refunds.create({"payment_intent": intent.id})
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["paid"])


def test_an_adjustment_of_stripes_own_is_in_the_ledger(newsroom: World) -> None:
    given(newsroom, "4242424242424242")
    console(newsroom, "adjustments", {"amount": -123, "currency": "eur"})
    newsroom.collect()
    assert checked(newsroom).verdict == "equal"
