"""Snapshots: the state and its clock are kept and put back by one call each, also while webhooks are under way."""

from pathlib import Path

import pytest
from stripe import StripeClient

from membership.stripe_sandbox.server import running
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import DAY, Browser, client_of, donation
from tests.stripe_sandbox.test_webhooks import flushed, listening


def keep(browser: Browser, name: str) -> None:
    assert browser.post_json("/_sandbox/snapshot", {"name": name}).status == 200


def put_back(browser: Browser, name: str) -> None:
    assert browser.post_json("/_sandbox/restore", {"name": name}).status == 200


def test_a_restored_state_knows_nothing_of_what_came_after(client: StripeClient, browser: Browser) -> None:
    browser.pay(donation(client))
    keep(browser, "one-gift")
    browser.pay(donation(client))
    put_back(browser, "one-gift")
    assert len(client.v1.checkout.sessions.list({"status": "complete"}).data) == 1
    browser.pay(donation(client))
    assert len(client.v1.checkout.sessions.list({"status": "complete"}).data) == 2


def test_the_clock_is_put_back_too(browser: Browser) -> None:
    browser.advance(3 * DAY)
    keep(browser, "third-day")
    browser.advance(40 * DAY)
    put_back(browser, "third-day")
    assert abs(browser.get("/_sandbox/health").json["offset"] - 3 * DAY) <= 1


def test_an_endpoint_made_later_hears_nothing_after_a_restore(
    client: StripeClient, browser: Browser, receiver: Receiver
) -> None:
    keep(browser, "deaf")
    listening(client, receiver, "*")
    put_back(browser, "deaf")
    browser.pay(donation(client))
    assert (flushed(browser), receiver.arrived) == (0, [])


def test_a_delivery_that_waited_waits_again(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    secret = listening(client, receiver, "checkout.session.completed")
    receiver.answers = [500]
    browser.post_json("/_sandbox/webhook_settings", {"retry_pauses": [3600]})
    browser.pay(donation(client))
    assert flushed(browser) == 1
    keep(browser, "waiting")
    for _ in range(2):
        browser.advance(3600)
        assert flushed(browser) == 0
        put_back(browser, "waiting")
    ids = [event.id for event in receiver.events(secret)]
    assert len(ids) == 3
    assert len(set(ids)) == 1


def test_many_restores_amid_deliveries_do_no_harm(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "*")
    keep(browser, "before")
    for _ in range(10):
        browser.pay(donation(client))
        put_back(browser, "before")
    assert flushed(browser) == 0
    assert browser.get("/_sandbox/deliveries").json["data"] == []
    browser.pay(donation(client))
    flushed(browser)
    assert {each["state"] for each in browser.get("/_sandbox/deliveries").json["data"]} == {"delivered"}


def test_snapshots_outlive_the_process_and_are_listed(tmp_path: Path) -> None:
    state, clock = tmp_path / "sandbox.db", tmp_path / "clock"
    with running(state=state, clock=clock) as sandbox:
        client_of(sandbox.url).v1.products.create({"id": "mug", "name": "Mug"})
        keep(Browser(sandbox.url), "mug")
        keep(Browser(sandbox.url), "mug")
        Browser(sandbox.url).post_json("/_sandbox/reset", {"all": True})
    with running(state=state, clock=clock) as sandbox:
        browser = Browser(sandbox.url)
        assert [each["name"] for each in browser.get("/_sandbox/snapshots").json["data"]] == ["mug"]
        assert "Put back" in browser.get("/_sandbox").text
        put_back(browser, "mug")
        assert client_of(sandbox.url).v1.products.retrieve("mug").name == "Mug"


@pytest.mark.parametrize("name", ["", "../x", "A", "a" * 41, "a.b"])
def test_a_wrong_name_is_refused(browser: Browser, name: str) -> None:
    for path in ("/_sandbox/snapshot", "/_sandbox/restore"):
        answer = browser.post_json(path, {"name": name})
        assert answer.status == 422
        assert "name must be" in answer.json["error"]


def test_an_unknown_snapshot_is_named(browser: Browser) -> None:
    keep(browser, "known")
    answer = browser.post_json("/_sandbox/restore", {"name": "unknown"})
    assert (answer.status, answer.json["error"]) == (422, "There is no snapshot 'unknown'. There are: known.")
