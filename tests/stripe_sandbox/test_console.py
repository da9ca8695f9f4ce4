"""The console: clock, seeding, reset, and who may post to it."""

import time
from pathlib import Path
from typing import Any

import pytest
from stripe import StripeClient

from membership.stripe_sandbox.server import running
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import DAY, Browser, client_of, donation

PATRON = {
    "email": "patron@example.org",
    "name": "Taras",
    "amount_minor": 500,
    "currency": "EUR",
    "interval": "month",
    "started_days_ago": 70,
    "metadata": {"membership_attempt": "s-1"},
}
DONOR = {"email": "donor@example.org", "amount_minor": 20_000, "currency": "UAH", "days_ago": 9, "metadata": {"a": "1"}}


def test_the_clock_moves_and_stays_moved(tmp_path: Path) -> None:
    state, clock = tmp_path / "sandbox.db", tmp_path / "clock"
    with running(state=state, clock=clock, deliver=False) as sandbox:
        Browser(sandbox.url).advance(3 * DAY)
        assert abs(int(clock.read_text()) - 3 * DAY) <= 1
    with running(state=state, clock=clock, deliver=False) as sandbox:
        now = Browser(sandbox.url).get("/_sandbox/health").json["now"]
        assert abs(now - time.time() - 3 * DAY) < 3


def test_state_outlives_the_process(tmp_path: Path) -> None:
    state, clock = tmp_path / "sandbox.db", tmp_path / "clock"
    with running(state=state, clock=clock) as sandbox:
        client_of(sandbox.url).v1.products.create({"id": "mug", "name": "Mug"})
    with running(state=state, clock=clock) as sandbox:
        assert client_of(sandbox.url).v1.products.retrieve("mug").name == "Mug"


def test_a_browser_is_sent_back_to_the_console(browser: Browser) -> None:
    before = browser.get("/_sandbox/health").json["now"]
    answer = browser.post("/_sandbox/advance", {"to": str(before + DAY)})
    assert (answer.status, answer.location) == (303, "/_sandbox")
    assert browser.get("/_sandbox/health").json["now"] >= before + DAY


@pytest.mark.parametrize("body", [{"seconds": -5}, {"to": 1}, {"seconds": "soon"}, {}, {"seconds": 10**12}])
def test_the_clock_refuses_nonsense(browser: Browser, body: dict[str, Any]) -> None:
    answer = browser.post_json("/_sandbox/advance", body)
    assert (answer.status, list(answer.json)) == (422, ["error"])
    assert browser.get("/_sandbox/health").json["offset"] == 0


def test_a_wrong_time_is_a_sentence_on_the_page(browser: Browser) -> None:
    answer = browser.post("/_sandbox/advance", {"at": "2020-01-01T00:00"})
    assert answer.status == 422
    assert "cannot go back" in answer.text


@pytest.mark.parametrize("path", ["/_sandbox/advance", "/_sandbox/reset", "/_sandbox/seed", "/c/pay/cs_test_1"])
@pytest.mark.parametrize("header", [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}])
def test_other_sites_may_not_post(browser: Browser, path: str, header: dict[str, str]) -> None:
    assert browser.post(path, {}, **header).status == 403


def test_a_past_is_seeded(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
    answer = browser.post_json("/_sandbox/seed", {"patrons": [PATRON], "donations": [DONOR]})
    assert answer.status == 200
    assert answer.json["counts"] == {"patrons": 1, "donations": 1, "invoices": 3}
    (patron,), (donor,) = answer.json["patrons"], answer.json["donations"]
    subscription = client.v1.subscriptions.retrieve(patron["subscription"])
    assert abs(subscription.created - (time.time() - 70 * DAY)) < 5
    assert subscription.metadata.to_dict() == {"membership_attempt": "s-1"}
    invoices = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [invoice.id for invoice in invoices] == patron["invoices"]
    assert {invoice.status for invoice in invoices} == {"paid"}
    session = client.v1.checkout.sessions.retrieve(donor["checkout_session"])
    assert (session.status, session.payment_intent) == ("complete", donor["payment_intent"])
    assert client.v1.payment_intents.retrieve(donor["payment_intent"]).metadata.to_dict() == {"a": "1"}
    assert browser.post_json("/_sandbox/deliveries/flush", {}).json == {"waiting": 0}
    events = receiver.events(str(endpoint.secret))
    assert min(event.created for event in events) == subscription.created
    assert [event.type for event in events].count("invoice.paid") == 3


def test_a_seeded_patron_may_have_stopped(client: StripeClient, browser: Browser) -> None:
    recent = PATRON | {"cancelled": True, "started_days_ago": 5}
    answer = browser.post_json("/_sandbox/seed", {"patrons": [PATRON | {"cancelled": True}, recent]})
    ended, ending = (client.v1.subscriptions.retrieve(each["subscription"]) for each in answer.json["patrons"])
    assert ended.status == "canceled"
    assert (ending.status, ending.cancel_at_period_end) == ("active", True)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"amount_minor": "5"}, "patrons[0][amount_minor]"),
        ({"interval": "week"}, "patrons[0][interval]"),
        ({"metadata": {"a": 1}}, "patrons[0][metadata][a]"),
        ({"colour": "red"}, "patrons[0][colour]"),
        ({"product": "mug"}, "line_items[0][price_data][product]"),
        ({"started_days_ago": -1}, "patrons[0][started_days_ago]"),
        ({"started_days_ago": 10**9}, "patrons[0][started_days_ago]"),
    ],
)
def test_a_wrong_seed_is_refused(client: StripeClient, browser: Browser, change: dict[str, Any], param: str) -> None:
    answer = browser.post_json("/_sandbox/seed", {"patrons": [PATRON | change]})
    assert (answer.status, answer.json["error"]["param"]) == (400, param)
    assert client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize("path", ["/_sandbox/advance", "/_sandbox/seed", "/_sandbox/reset"])
def test_anything_but_an_object_is_refused(browser: Browser, path: str) -> None:
    assert browser.post_json(path, [1]).status == 400


def test_reset_keeps_endpoints_and_products(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["charge.failed"]})
    browser.pay(donation(client))
    assert browser.post_json("/_sandbox/reset", {}).status == 200
    assert client.v1.checkout.sessions.list().data == []
    assert client.v1.balance.retrieve().pending[0].amount == 0
    assert (len(client.v1.products.list().data), len(client.v1.webhook_endpoints.list().data)) == (2, 1)
    browser.post_json("/_sandbox/reset", {"all": True})
    assert (client.v1.products.list().data, client.v1.webhook_endpoints.list().data) == ([], [])
