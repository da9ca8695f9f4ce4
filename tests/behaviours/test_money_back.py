"""Money that goes back at Stripe: it is in the ledger, in the state of its payment, and in what its payer may do."""

from typing import Any

import pytest

from tests.behaviours.acts import (
    checked,
    console,
    given,
    has_finance,
    payment_states,
    pledged,
    signed_in,
    standing_kind,
    text_of,
    told,
)
from tests.money import DAY, GOOD, World

REFUND_WAITS = "4000000000007726"
REFUND_FAILS = "4000000000005126"
DISPUTED = "4000000000000259"
MONTH = 31 * DAY + 3600


@pytest.mark.parametrize(("amount", "state"), [(200, "partly_refunded"), (500, "refunded")])
def test_a_refund_in_the_dashboard_is_in_the_ledger_the_payment_and_the_mail(
    newsroom: World, amount: int, state: str
) -> None:
    intent = given(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": amount})
    newsroom.settle()
    fee = 33
    assert checked(newsroom).verdict == "equal"
    assert {currency: ours for currency, ours, _ in checked(newsroom).lines}["EUR"] == 500 - fee - amount
    assert payment_states(newsroom) == [state]
    [letter] = newsroom.letters("is on its way back")
    assert letter["To"] == "donor@example.org"
    assert f"€{amount // 100}.00" in text_of(letter)
    assert f"C-{newsroom.clock.now().year}-00001" in text_of(letter)


def test_a_refund_that_waits_is_gone_from_the_payment_at_once(newsroom: World) -> None:
    intent = given(newsroom, REFUND_WAITS)
    newsroom.api.v1.refunds.create({"payment_intent": intent})
    newsroom.settle()
    assert (payment_states(newsroom), checked(newsroom).verdict) == (["refunded"], "equal")
    newsroom.advance(10 * DAY)
    newsroom.settle()
    assert (payment_states(newsroom), checked(newsroom).verdict) == (["refunded"], "equal")
    assert len(newsroom.letters("is on its way back")) == 1


def test_a_refund_that_fails_comes_back_and_staff_hear_of_it(newsroom: World) -> None:
    has_finance(newsroom)
    intent = given(newsroom, REFUND_FAILS)
    newsroom.api.v1.refunds.create({"payment_intent": intent})
    newsroom.settle()
    assert payment_states(newsroom) == ["refunded"]
    newsroom.advance(10 * DAY)
    newsroom.settle()
    assert (payment_states(newsroom), checked(newsroom).verdict) == (["paid"], "equal")
    [letter] = told(newsroom)
    assert "A refund did not go through" in letter


@pytest.mark.parametrize(
    ("evidence", "ends", "state"), [("winning_evidence", "won", "paid"), ("losing_evidence", "lost", "lost")]
)
def test_a_dispute_is_won_or_lost_in_the_ledger_and_in_the_payment(
    newsroom: World, evidence: str, ends: str, state: str
) -> None:
    given(newsroom, DISPUTED)
    assert (payment_states(newsroom), checked(newsroom).verdict) == (["disputed"], "equal")
    decided(newsroom, evidence)
    assert newsroom.api.v1.disputes.list({"limit": 1}).data[0].status == ends
    assert (payment_states(newsroom), checked(newsroom).verdict) == ([state], "equal")


def test_payouts_leave_the_ledger_equal(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.advance(20 * DAY)
    newsroom.settle()
    assert newsroom.api.v1.payouts.list({"limit": 1}).data
    assert checked(newsroom).verdict == "equal"


def test_whose_last_charge_was_refunded_is_no_patron_until_the_next_one(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": last_intent(newsroom)})
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("money_back", ["refunded"])
    page = signed_in(newsroom).get("/account").text
    assert "The last charge went back" in page
    assert "Refunded" in page
    newsroom.advance(MONTH)
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["refunded", "paid"])


def test_a_part_that_is_given_back_takes_nobodys_standing(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": last_intent(newsroom), "amount": 499})
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["partly_refunded"])


def test_a_dispute_ends_standing_at_once_and_only_a_won_one_restores_it(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.advance(MONTH)
    newsroom.settle()
    console(newsroom, "disputes", {"payment_intent": last_intent(newsroom)})
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("disputed", ["paid", "disputed"])
    decided(newsroom, "winning_evidence")
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["paid", "paid"])


def test_after_a_lost_dispute_the_next_charge_makes_a_patron_again(newsroom: World) -> None:
    pledged(newsroom)
    console(newsroom, "disputes", {"payment_intent": last_intent(newsroom)})
    decided(newsroom, "losing_evidence")
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("disputed", ["lost"])
    newsroom.advance(MONTH)
    newsroom.settle()
    assert (standing_kind(newsroom), payment_states(newsroom)) == ("live", ["lost", "paid"])


def test_an_adjustment_of_stripes_own_is_in_the_ledger(newsroom: World) -> None:
    given(newsroom, GOOD)
    console(newsroom, "adjustments", {"amount": -123, "currency": "eur"})
    newsroom.collect()
    assert checked(newsroom).verdict == "equal"


def last_intent(newsroom: World) -> str:
    """Returns the newest payment intent."""
    return newsroom.api.v1.payment_intents.list({"limit": 1}).data[0].id


def decided(newsroom: World, evidence: str) -> None:
    """Answers the only dispute with words that decide it at once, and lets the newsroom hear of it."""
    dispute = newsroom.api.v1.disputes.list({"limit": 1}).data[0]
    submitted: Any = {"evidence": {"uncategorized_text": evidence}, "submit": True}
    newsroom.api.v1.disputes.update(dispute.id, submitted)
    newsroom.advance(60)
    newsroom.settle()
