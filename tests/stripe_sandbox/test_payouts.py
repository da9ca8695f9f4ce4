"""Payouts by the schedule and by hand: what they contain, how they travel, and how they come back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stripe import InvalidRequestError, Payout, StripeClient

from tests.stripe_sandbox.money_steps import balance_of, events_of, paid, sums_of, transactions, types_of
from tests.stripe_sandbox.steps import DAY, Browser


def now_of(browser: Browser) -> datetime:
    return datetime.fromtimestamp(browser.get("/_sandbox/health").json["now"], UTC)


def advance_to_noon(browser: Browser, days: int, *, weekday: int | None = None) -> None:
    """Moves the clock to 06:00 UTC, so many days on, and further to a day of the week."""
    target = (now_of(browser) + timedelta(days=days)).replace(hour=6, minute=0, second=0)
    while weekday is not None and target.weekday() != weekday:
        target += timedelta(days=1)
    browser.advance(int((target - now_of(browser)).total_seconds()))


def pay_out_by_hand(client: StripeClient) -> None:
    client.v1.balance_settings.update({"payments": {"payouts": {"schedule": {"interval": "manual"}}}})


def paid_out(client: StripeClient, browser: Browser) -> Payout:
    """Takes three payments, one of them partly refunded, and returns the payout that brings them."""
    paid(client, browser)
    client.v1.refunds.create({"charge": paid(client, browser, 1000).id, "amount": 300})
    paid(client, browser, 50_000, "uah")
    advance_to_noon(browser, 7)
    (payout,) = client.v1.payouts.list().data
    return payout


def test_what_is_available_is_paid_out_every_day(client: StripeClient, browser: Browser) -> None:
    payout = paid_out(client, browser)
    # 467 + 960 - 300 + 985 (1025 less a fee of 40).
    assert (payout.amount, payout.currency, payout.automatic, payout.status) == (2112, "eur", True, "pending")
    assert balance_of(client) == {}
    event = events_of(client, "balance.available")[0]
    assert event.data.object["available"][0]["amount"] == 2112


def test_a_payout_lists_exactly_what_it_contains(client: StripeClient, browser: Browser) -> None:
    payout = paid_out(client, browser)
    paid(client, browser, 700)
    contents = transactions(client, payout=payout.id)
    own = [line for line in contents if line.type == "payout"]
    assert [(line.id, line.net, line.source) for line in own] == [(payout.balance_transaction, -2112, payout.id)]
    assert sorted(line.type for line in contents) == ["charge", "charge", "charge", "payout", "refund"]
    assert sum(line.net for line in contents if line.type != "payout") == payout.amount


def test_a_payout_is_sent_and_arrives_on_a_business_day(client: StripeClient, browser: Browser) -> None:
    paid(client, browser)
    advance_to_noon(browser, 8, weekday=4)
    paid(client, browser)
    advance_to_noon(browser, 7, weekday=4)
    payout = client.v1.payouts.list().data[0]
    arrives = datetime.fromtimestamp(payout.arrival_date, UTC)
    assert (datetime.fromtimestamp(payout.created, UTC).weekday(), arrives.weekday(), arrives.hour) == (4, 1, 0)
    browser.advance(12 * 3600)
    sent = client.v1.payouts.retrieve(payout.id)
    assert (sent.status, sent.reconciliation_status) == ("in_transit", "completed")
    browser.advance(4 * DAY)
    arrived: Any = client.v1.payouts.retrieve(payout.id)
    assert (arrived.status, arrived.trace_id.status) == ("paid", "supported")
    assert [each.type for each in events_of(client, "payout") if each.data.object["id"] == payout.id] == [
        "payout.created",
        "payout.updated",
        "payout.reconciliation_completed",
        "payout.paid",
    ]


@pytest.mark.usefixtures("early_in_the_month")
def test_a_failed_payout_gives_its_money_back_to_the_next(client: StripeClient, browser: Browser) -> None:
    payout = paid_out(client, browser)
    answer = browser.post_json(f"/_sandbox/payouts/{payout.id}/failure", {"code": "no_account"})
    assert answer.status == 200
    failed: Any = client.v1.payouts.retrieve(payout.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_code) == ("failed", "no_account")
    back = failed.failure_balance_transaction
    assert (back.type, back.reporting_category, back.net) == ("payout_failure", "payout_reversal", 2112)
    assert balance_of(client) == {("eur", "available"): 2112}
    assert types_of(client, "payout")[-1] == "payout.failed"
    browser.advance(DAY)
    again = client.v1.payouts.list().data[0]
    assert (again.amount, again.id == payout.id) == (2112, False)
    assert [line.type for line in transactions(client, payout=again.id)] == ["payout", "payout_failure"]
    assert browser.post_json(f"/_sandbox/payouts/{payout.id}/failure", {}).status == 409


@pytest.mark.usefixtures("early_in_the_month")
def test_by_hand_money_stays_until_it_is_asked_for(client: StripeClient, browser: Browser) -> None:
    pay_out_by_hand(client)
    paid(client, browser, 1000)
    browser.advance(8 * DAY)
    assert balance_of(client) == {("eur", "available"): 960}
    made: Any = client.v1.payouts.create(
        {"amount": 600, "currency": "EUR", "statement_descriptor": "NEWSROOM", "metadata": {"a": "1"}}
    )
    assert (made.automatic, made.status, made.reconciliation_status) == (False, "pending", "not_applicable")
    assert (made.statement_descriptor, made.metadata.to_dict()) == ("NEWSROOM", {"a": "1"})
    assert balance_of(client) == {("eur", "available"): 360}
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.payouts.create({"amount": 361, "currency": "eur"})
    assert refused.value.code == "balance_insufficient"
    with pytest.raises(InvalidRequestError, match="only be filtered on automatic"):
        client.v1.balance_transactions.list({"payout": made.id})


def test_a_payout_by_hand_is_canceled_while_it_waits(client: StripeClient, browser: Browser) -> None:
    pay_out_by_hand(client)
    paid(client, browser, 1000)
    browser.advance(8 * DAY)
    first, second = (client.v1.payouts.create({"amount": 100, "currency": "eur"}) for _ in range(2))
    canceled = client.v1.payouts.cancel(first.id)
    assert canceled.status == "canceled"
    assert transactions(client)[0].type == "payout_cancel"
    assert types_of(client, "payout")[-1] == "payout.canceled"
    browser.advance(DAY)
    with pytest.raises(InvalidRequestError, match="while they are pending"):
        client.v1.payouts.cancel(second.id)


def test_an_automatic_payout_is_not_canceled(client: StripeClient, browser: Browser) -> None:
    with pytest.raises(InvalidRequestError, match="cannot cancel automatic"):
        client.v1.payouts.cancel(paid_out(client, browser).id)


def test_payouts_are_listed_by_status_creation_and_arrival(client: StripeClient, browser: Browser) -> None:
    first = paid_out(client, browser)
    paid(client, browser)
    browser.advance(8 * DAY)
    listed: Any = client.v1.payouts
    second = listed.list().data[0]
    assert [each.id for each in listed.list({"status": "paid"}).data] == [first.id]
    assert [each.id for each in listed.list({"created": {"gt": first.created}}).data] == [second.id]
    assert [each.id for each in listed.list({"arrival_date": {"lte": first.arrival_date}}).data] == [first.id]
    assert [each.id for each in listed.list({"arrival_date": second.arrival_date}).data] == [second.id]
    assert listed.list({"arrival_date": {"gt": second.arrival_date}}).data == []


def test_a_payout_takes_metadata(client: StripeClient, browser: Browser) -> None:
    payout = paid_out(client, browser)
    changed: Any = client.v1.payouts.update(payout.id, {"metadata": {"bank": "7"}})
    assert changed.metadata.to_dict() == {"bank": "7"}
    browser.advance(5 * DAY)
    assert client.v1.payouts.retrieve(payout.id).status == "paid"


@pytest.mark.parametrize(
    ("schedule", "is_due"),
    [
        ({"interval": "weekly", "weekly_payout_days": ["tuesday", "friday"]}, lambda day: day.weekday() in (1, 4)),
        (
            {"interval": "monthly", "monthly_payout_days": [1, 31]},
            lambda day: day.day == 1 or (day + timedelta(days=1)).day == 1,
        ),
    ],
)
def test_the_schedule_chooses_the_days(client: StripeClient, browser: Browser, schedule: Any, is_due: Any) -> None:
    client.v1.balance_settings.update({"payments": {"payouts": {"schedule": schedule}}})
    for _ in range(6):
        paid(client, browser)
        browser.advance(13 * DAY)
    days = [datetime.fromtimestamp(each.created, UTC) for each in client.v1.payouts.list().data]
    assert len(days) >= 2
    assert all(is_due(day) for day in days)


def test_the_settings_keep_what_they_are_told(client: StripeClient, browser: Browser) -> None:
    settings: Any = client.v1.balance_settings
    assert settings.retrieve().payments.payouts.schedule.interval == "daily"
    account: Any = client.v1.accounts.retrieve_current()
    assert account.settings.payouts.schedule.interval == "daily"
    settings.update({"payments": {"payouts": {"statement_descriptor": "NEWSROOM"}}})
    paid(client, browser)
    browser.advance(8 * DAY)
    assert client.v1.payouts.list().data[0].statement_descriptor == "NEWSROOM"
    for schedule, name in (
        ({"interval": "weekly"}, "weekly_payout_days"),
        ({"interval": "daily", "monthly_payout_days": [1]}, "monthly_payout_days"),
        ({"interval": "monthly", "monthly_payout_days": [0]}, "monthly_payout_days"),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            settings.update({"payments": {"payouts": {"schedule": schedule}}})
        assert refused.value.param == f"payments[payouts][schedule][{name}]"


def test_an_account_at_rest_falls_due_no_more(client: StripeClient, browser: Browser) -> None:
    paid_out(client, browser)
    browser.advance(70 * DAY)
    before = len(transactions(client))
    browser.advance(400 * DAY)
    assert len(transactions(client)) == before
    assert sums_of(transactions(client)) == balance_of(client)
