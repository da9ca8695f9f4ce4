"""A year from one number: the same number tells the same story, and the story leaves what a newsroom meets."""

from collections import Counter, defaultdict
from typing import Any

import pytest
from stripe import StripeClient

from membership.stripe_sandbox.console.stories import story_of
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import DAY, Browser, pledge
from tests.stripe_sandbox.test_webhooks import flushed


def live(browser: Browser, **year: Any) -> Any:
    answer = browser.post_json("/_sandbox/seed", {"year": {"seed": 7} | year})
    assert answer.status == 200, answer.text
    return answer.json


def every(listed: Any) -> list[Any]:
    return list(listed.auto_paging_iter())


def test_the_same_number_tells_the_same_story() -> None:
    assert story_of(7) == story_of(7)
    assert story_of(7) != story_of(8)


@pytest.mark.parametrize("seed", range(40))
def test_every_story_has_its_turns(seed: int) -> None:
    acts = story_of(seed)
    kinds = Counter(act.kind for act in acts)
    assert kinds["join"] == 40
    assert kinds["refund"] == 3
    assert kinds["dispute"] == 1
    assert min(kinds[name] for name in ("change", "mend", "leave", "stay", "pause")) >= 3
    assert {act.details["currency"] for act in acts if act.kind == "give"} == {"eur", "uah", "usd", "jpy"}
    assert all(0 < act.days_ago <= 360 for act in acts)
    emails = [act.details["email"] for act in acts if act.kind == "join"]
    assert len(set(emails)) == len(emails)
    assert all(email.isascii() and email.endswith("@example.org") for email in emails)


def test_a_year_leaves_patrons_of_every_standing(client: StripeClient, browser: Browser) -> None:
    made = live(browser)["made"]
    subscriptions = every(client.v1.subscriptions.list({"status": "all", "limit": 100}))
    statuses = Counter(each.status for each in subscriptions)
    assert len(subscriptions) == len([each for each in made if "subscription" in each]) == 40
    assert statuses["active"] >= 25
    assert statuses["canceled"] >= 3
    assert statuses["past_due"] >= 1
    assert [each for each in subscriptions if each.pause_collection]
    assert [each for each in subscriptions if each.status == "active" and each.cancel_at_period_end]
    invoices = every(client.v1.invoices.list({"limit": 100}))
    assert [each for each in invoices if each.status == "paid" and each.attempt_count > 1]
    assert len(every(client.v1.refunds.list())) == 3
    assert len(every(client.v1.disputes.list())) == 1
    charges = every(client.v1.charges.list({"limit": 100}))
    assert {each.currency for each in charges} == {"eur", "uah", "usd", "jpy"}
    assert [each for each in charges if each.status == "failed"]


def test_people_give_in_one_currency_each() -> None:
    currencies: defaultdict[str, set[str]] = defaultdict(set)
    for act in story_of(7):
        if act.kind in ("join", "give"):
            currencies[act.details["email"]].add(act.details["currency"])
    assert {len(each) for each in currencies.values()} == {1}


def test_money_of_a_year_adds_up(client: StripeClient, browser: Browser) -> None:
    live(browser)
    lines = every(client.v1.balance_transactions.list({"limit": 100}))
    balance: Any = client.v1.balance.retrieve()
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.currency] += line.net
    stands: Counter[str] = Counter()
    for part in [*balance.available, *balance.pending]:
        stands[part.currency] += part.amount
    assert {currency: amount for currency, amount in sums.items() if amount} == {
        currency: amount for currency, amount in stands.items() if amount
    }


def test_two_sandboxes_live_the_same_year(client: StripeClient, browser: Browser) -> None:
    first = live(browser)["acts"]
    given = sorted((each.amount, each.currency) for each in every(client.v1.charges.list({"limit": 100})))
    browser.post_json("/_sandbox/reset", {"all": True})
    assert live(browser)["acts"] == first == browser.get("/_sandbox/year?seed=7").json["acts"]
    assert sorted((each.amount, each.currency) for each in every(client.v1.charges.list({"limit": 100}))) == given


def test_gifts_carry_the_metadata_they_were_given(client: StripeClient, browser: Browser) -> None:
    made = live(browser, metadata={"site": "x"}, metadata_of={"patron-1": {"attempt": "a-1"}})["made"]
    patron = next(each for each in made if each["key"] == "patron-1")
    other = next(each for each in made if each["key"] == "donation-1")
    subscription = client.v1.subscriptions.retrieve(patron["subscription"])
    assert subscription.metadata.to_dict() == {"site": "x", "attempt": "a-1"}
    session = client.v1.checkout.sessions.retrieve(other["checkout_session"])
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"site": "x"}


def test_an_endpoint_hears_of_the_whole_year(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.subscription.created"]})
    live(browser)
    while flushed(browser):
        pass
    assert len(receiver.arrived) == 40


def test_what_is_not_to_be_sent_is_not_heard(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    types: Any = ["charge.updated", "customer.subscription.created"]
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": types})
    live(browser, unsent=["charge.updated"])
    while flushed(browser):
        pass
    assert len(receiver.arrived) == 40
    assert client.v1.webhook_endpoints.retrieve(endpoint.id).enabled_events == types


@pytest.mark.parametrize("unsent", ["charge.updated", [1], {"charge.updated": True}])
def test_what_is_not_to_be_sent_must_be_a_list_of_texts(browser: Browser, unsent: Any) -> None:
    answer = browser.post_json("/_sandbox/seed", {"year": {"seed": 7, "unsent": unsent}})
    assert answer.status == 400
    assert answer.json["error"]["param"] == "year[unsent]"


PLEDGE = {"email": "a@example.org", "name": "A", "amount_minor": 500, "currency": "eur", "interval": "month"}


def test_a_seeded_past_is_as_one_that_was_lived(client: StripeClient, browser: Browser) -> None:
    days = 100
    lived = pledge(client)
    browser.pay(lived, email="a@example.org", card_name="A")
    browser.advance(days * DAY)
    seeded = browser.post_json("/_sandbox/seed", {"patrons": [PLEDGE | {"started_days_ago": days}]}).json["patrons"][0]
    subscription = str(client.v1.checkout.sessions.retrieve(lived.id).subscription)
    assert _traits(client, subscription) == _traits(client, seeded["subscription"])


def _traits(client: StripeClient, subscription: str) -> Any:
    found = client.v1.subscriptions.retrieve(subscription)
    invoices = client.v1.invoices.list({"subscription": subscription}).data
    return found.status, [(each.status, each.billing_reason, each.attempt_count, each.amount_paid) for each in invoices]


def test_a_seeded_past_goes_on(client: StripeClient, browser: Browser) -> None:
    (made,) = browser.post_json("/_sandbox/seed", {"patrons": [PLEDGE | {"started_days_ago": 100}]}).json["patrons"]
    browser.advance(31 * DAY)
    assert len(client.v1.invoices.list({"subscription": made["subscription"]}).data) == len(made["invoices"]) + 1


@pytest.mark.parametrize(
    ("year", "param"),
    [
        ({}, "year[seed]"),
        ({"seed": "seven"}, "year[seed]"),
        ({"seed": -1}, "year[seed]"),
        ({"seed": 7, "colour": "red"}, "year[colour]"),
        ({"seed": 7, "metadata": {"a": 1}}, "year[metadata]"),
        ({"seed": 7, "metadata_of": 1}, "year[metadata_of]"),
        (7, "year"),
    ],
)
def test_a_wrong_year_is_refused(client: StripeClient, browser: Browser, year: Any, param: str) -> None:
    answer = browser.post_json("/_sandbox/seed", {"year": year})
    assert (answer.status, answer.json["error"]["param"]) == (400, param)
    assert client.v1.checkout.sessions.list().data == []


def test_the_console_lives_through_a_year(client: StripeClient, browser: Browser) -> None:
    assert browser.post("/_sandbox/year", {"seed": "3"}).location == "/_sandbox#state"
    assert client.v1.subscriptions.list().data
    refused = browser.post("/_sandbox/year", {"seed": "three"})
    assert refused.status == 422
    assert "must be a whole number" in refused.text
