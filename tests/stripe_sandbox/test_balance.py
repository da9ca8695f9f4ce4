"""The balance is what its transactions add up to: in every currency, at every time, after any history."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stripe import InvalidRequestError, StripeClient

from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.money_steps import (
    REFUND_FAILS,
    REFUND_WAITS,
    balance_of,
    disputed,
    paid,
    sums_of,
    transactions,
    types_of,
)
from tests.stripe_sandbox.steps import DAY, GOOD, Browser, donation

AMOUNTS = {"eur": 500, "usd": 777, "jpy": 1501, "uah": 33_333, "pln": 999, "isk": 250_000, "krw": 9_999, "kwd": 12_340}
ACTS = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from(sorted(AMOUNTS)), st.sampled_from([GOOD, REFUND_WAITS, REFUND_FAILS])),
    st.tuples(st.just("refund"), st.integers(0, 5), st.sampled_from([1, 2, 3])),
    st.tuples(st.just("dispute"), st.integers(0, 5), st.sampled_from(["winning_evidence", "losing_evidence"])),
    st.tuples(st.just("wait"), st.sampled_from([3600, DAY, 3 * DAY, 8 * DAY, 31 * DAY]), st.just("")),
    st.tuples(st.just("fail"), st.integers(0, 3), st.just("")),
    st.tuples(st.just("adjust"), st.integers(-900, 900).filter(bool), st.sampled_from(["eur", "usd", "jpy"])),
    st.tuples(st.just("schedule"), st.sampled_from(["daily", "manual"]), st.just("")),
    st.tuples(st.just("pay_out"), st.integers(1, 500), st.just("")),
)


def do(client: StripeClient, browser: Browser, act: tuple[Any, Any, Any]) -> None:
    """Does one thing of a history, or nothing where Stripe would refuse it."""
    name, what, how = act
    if name == "pay":
        paid(client, browser, AMOUNTS[what], what, how)
    elif name in ("refund", "dispute"):
        charges = client.v1.charges.list({"limit": 100}).data
        charge = charges[what % len(charges)] if charges else None
        if charge is None or charge.refunded or charge.disputed:
            return
        if name == "refund":
            left = charge.amount - charge.amount_refunded
            client.v1.refunds.create({"charge": charge.id, "amount": max(1, left // how)})
        else:
            dispute = disputed(client, browser, charge)
            client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": how}})
    elif name == "wait":
        browser.advance(what)
    elif name == "fail":
        payouts = client.v1.payouts.list().data
        if payouts:
            browser.post_json(f"/_sandbox/payouts/{payouts[what % len(payouts)].id}/failure", {})
    elif name == "adjust":
        browser.post_json("/_sandbox/adjustments", {"amount": what, "currency": how})
    elif name == "schedule":
        client.v1.balance_settings.update({"payments": {"payouts": {"schedule": {"interval": what}}}})
    elif balance_of(client).get(("eur", "available"), 0) >= what:
        client.v1.payouts.create({"amount": what, "currency": "eur"})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(ACTS, min_size=3, max_size=14))
def test_the_balance_is_the_sum_of_its_transactions(
    client: StripeClient, browser: Browser, history: list[tuple[Any, Any, Any]]
) -> None:
    assert browser.post_json("/_sandbox/reset", {}).status == 200
    for act in history:
        do(client, browser, act)
        assert balance_of(client) == sums_of(transactions(client))
    for payout in client.v1.payouts.list({"limit": 100}).auto_paging_iter():
        if payout.automatic:
            contents = transactions(client, payout=payout.id)
            assert sum(line.net for line in contents if line.id != payout.balance_transaction) == payout.amount


def test_each_currency_has_its_own_balance(client: StripeClient, browser: Browser) -> None:
    for currency in ("eur", "usd", "jpy"):
        paid(client, browser, 1000, currency)
    # Fees are 40, 45 and 55.
    assert balance_of(client) == {("eur", "pending"): 960, ("usd", "pending"): 955, ("jpy", "pending"): 945}


def test_money_becomes_available_at_midnight(client: StripeClient, browser: Browser) -> None:
    paid(client, browser)
    (line,) = transactions(client)
    assert (line.available_on % DAY, line.status) == (0, "pending")
    assert 6 * DAY < line.available_on - line.created <= 7 * DAY
    client.v1.balance_settings.update({"payments": {"payouts": {"schedule": {"interval": "manual"}}}})
    browser.advance(line.available_on - line.created)
    assert balance_of(client) == {("eur", "available"): 467}
    assert types_of(client, "balance.") == ["balance.available"]
    assert transactions(client)[0].status == "available"


def test_a_month_with_a_charge_costs_a_fee(client: StripeClient, browser: Browser) -> None:
    paid(client, browser)
    browser.advance(70 * DAY)
    (fee,) = transactions(client, type="stripe_fee")
    assert (fee.amount, fee.fee, fee.net, fee.currency) == (-200, 0, -200, "eur")
    assert (fee.reporting_category, fee.source) == ("fee", None)
    first = datetime.fromtimestamp(fee.created, UTC)
    assert (first.day, first.hour) == (1, 0)
    month = datetime.fromtimestamp(fee.created - 1, UTC)
    assert fee.description == f"Billing - Usage Fee ({month:%Y-%m})"


def test_a_bank_debit_is_booked_under_names_of_its_own(client: StripeClient, browser: Browser) -> None:
    assert browser.post_json("/_sandbox/settings", {"payment_methods": ["card", "sepa_debit"]}).status == 200
    session = donation(client)
    form = {"way": "sepa_debit", "iban": "DE89370400440532013000", "account_name": "Olena", "email": "o@example.org"}
    assert browser.post(f"/c/pay/{session.id}", form).status == 303
    browser.advance(DAY)
    charge = client.v1.charges.list().data[0]
    client.v1.refunds.create({"charge": charge.id, "amount": 100})
    refund, payment = transactions(client)
    assert (payment.type, payment.reporting_category) == ("payment", "charge")
    assert (refund.type, refund.reporting_category) == ("payment_refund", "refund")
    assert problems(browser.get_api("/v1/refunds")["data"][0]) == []


def test_an_adjustment_needs_no_payment(client: StripeClient, browser: Browser) -> None:
    body = {"amount": -150, "currency": "usd", "description": "A correction"}
    assert browser.post_json("/_sandbox/adjustments", body).json["net"] == -150
    (line,) = transactions(client)
    assert (line.type, line.reporting_category, line.source) == ("adjustment", "other_adjustment", None)
    assert balance_of(client) == {("usd", "available"): -150}


@pytest.mark.parametrize(
    ("amount", "currency", "settled", "into", "rate"),
    [
        (12_340, "kwd", 4010, "usd", 0.325),
        (250_000, "isk", 1700, "eur", 0.0068),
        (5_000_000, "ugx", 1350, "usd", 0.00027),
        (10_000, "krw", 720, "usd", 0.072),
        (1000, "pln", 235, "eur", 0.235),
        (1000, "chf", 1070, "eur", 1.07),
        (1500, "jpy", 1500, "jpy", None),
    ],
)
def test_foreign_money_settles_at_the_stated_rate(
    client: StripeClient, browser: Browser, amount: int, currency: str, settled: int, into: str, rate: float | None
) -> None:
    charge = paid(client, browser, amount, currency)
    (line,) = transactions(client)
    assert (charge.amount, charge.currency) == (amount, currency)
    assert (line.amount, line.currency, line.exchange_rate) == (settled, into, rate)


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (12_345, "kwd", "invalid_charge_amount"),
        (250_050, "isk", "invalid_charge_amount"),
        (5_000_001, "ugx", "invalid_charge_amount"),
        (199, "pln", "amount_too_small"),
        (150, "kwd", "amount_too_small"),
    ],
)
def test_an_amount_that_stripe_would_not_take(client: StripeClient, amount: int, currency: str, code: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        donation(client, amount, currency)
    assert (refused.value.code, refused.value.param) == (code, "line_items")


def test_the_most_that_stripe_takes(client: StripeClient, browser: Browser) -> None:
    assert paid(client, browser, 99_999_999, "jpy").amount == 99_999_999
