"""Refunds that wait, fail or are only partial; the plain ones are in `test_donation`."""

from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from tests.stripe_sandbox.money_steps import (
    REFUND_FAILS,
    REFUND_WAITS,
    balance_of,
    disputed,
    events_of,
    paid,
    transactions,
    types_of,
)
from tests.stripe_sandbox.steps import DAY, Browser

REFUNDS = ("refund", "charge.refund")


def test_a_refund_that_waits_succeeds_a_day_later(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser, card=REFUND_WAITS)
    waiting = client.v1.refunds.create({"charge": charge.id})
    assert (waiting.status, waiting.pending_reason) == ("pending", "processing")
    browser.advance(DAY)
    after = client.v1.refunds.retrieve(waiting.id)
    assert (after.status, after.pending_reason) == ("succeeded", None)
    assert types_of(client, *REFUNDS) == [
        "refund.created",
        "charge.refunded",
        "charge.refund.updated",
        "refund.updated",
    ]
    assert events_of(client, "refund.updated")[0].data.previous_attributes["status"] == "pending"


def test_a_refund_that_fails_brings_the_money_back(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser, 20_000, "uah", REFUND_FAILS)
    before = balance_of(client)
    refund = client.v1.refunds.create({"charge": charge.id})
    assert refund.status == "succeeded"
    browser.advance(DAY)
    failed: Any = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    back = failed.failure_balance_transaction
    assert (back.type, back.reporting_category, back.amount) == ("refund_failure", "refund_failure", 410)
    after = client.v1.charges.retrieve(charge.id)
    assert (after.amount_refunded, after.refunded) == (0, False)
    assert sum(balance_of(client).values()) == sum(before.values())
    assert types_of(client, *REFUNDS)[2:] == ["charge.refund.updated", "refund.updated", "refund.failed"]


def test_what_a_failed_refund_left_can_be_refunded_again(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser, 20_000, "uah", REFUND_FAILS)
    client.v1.refunds.create({"charge": charge.id, "amount": 33})
    browser.advance(DAY)
    for amount in (47, 51, 19_902):
        client.v1.refunds.create({"charge": charge.id, "amount": amount})
    lines = [line for line in transactions(client) if line.type != "payout"]
    assert client.v1.charges.retrieve(charge.id).refunded
    assert sum(line.amount for line in lines) == 0


def test_a_waiting_refund_fails_if_its_charge_is_disputed(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser, 500, card=REFUND_WAITS)
    refund = client.v1.refunds.create({"charge": charge.id, "amount": 200})
    assert disputed(client, browser, charge).amount == 300
    browser.advance(DAY)
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "charge_for_pending_refund_disputed")


def test_refunds_are_listed_and_take_metadata(client: StripeClient, browser: Browser) -> None:
    charge, other = paid(client, browser, card=REFUND_WAITS), paid(client, browser)
    first = client.v1.refunds.create({"charge": charge.id, "amount": 100})
    second = client.v1.refunds.create({"charge": charge.id, "amount": 100, "metadata": {"a": "1"}})
    client.v1.refunds.create({"charge": other.id})
    assert [each.id for each in client.v1.refunds.list({"charge": charge.id}).data] == [second.id, first.id]
    by_intent = client.v1.refunds.list({"payment_intent": str(other.payment_intent)}).data
    assert [each.charge for each in by_intent] == [other.id]
    assert client.v1.refunds.list({"created": {"lt": first.created}}).data == []
    changed: Any = client.v1.refunds.update(second.id, {"metadata": {"a": "", "note": "twice"}})
    assert changed.metadata.to_dict() == {"note": "twice"}
    browser.advance(DAY)
    assert client.v1.refunds.retrieve(second.id).status == "succeeded"


def test_a_fraudulent_refund_marks_the_charge(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser)
    client.v1.refunds.create({"charge": charge.id, "reason": "fraudulent"})
    marked: Any = client.v1.charges.retrieve(charge.id)
    assert marked.fraud_details.to_dict() == {"user_report": "fraudulent"}


@pytest.mark.usefixtures("early_in_the_month")
def test_a_refund_beyond_the_balance_leaves_it_below_zero(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser)
    browser.advance(8 * DAY)
    assert balance_of(client) == {}
    client.v1.refunds.create({"charge": charge.id})
    assert balance_of(client) == {("eur", "available"): -500}
    browser.advance(DAY)
    assert len(client.v1.payouts.list().data) == 1


@pytest.mark.parametrize(
    ("amount", "code"), [(501, "amount_too_large"), (0, "parameter_invalid_integer"), (-5, "parameter_invalid_integer")]
)
def test_a_wrong_amount_is_not_refunded(client: StripeClient, browser: Browser, amount: int, code: str) -> None:
    charge = paid(client, browser)
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge.id, "amount": amount})
    assert (refused.value.code, refused.value.param) == (code, "amount")
