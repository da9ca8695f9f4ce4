"""The log of deliveries and the events, on pages and as JSON; their resending, and the pauses between tries."""

import json
from typing import Any

import pytest
from stripe import StripeClient

from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import Answer, Browser, donation
from tests.stripe_sandbox.test_webhooks import flushed, listening, tried


def page(browser: Browser, path: str) -> Answer:
    return browser.get(path, Accept="text/html")


@pytest.fixture
def given(client: StripeClient, browser: Browser, receiver: Receiver) -> str:
    """A donation that an endpoint heard of in whole; returns the endpoint's secret."""
    secret = listening(client, receiver, "*")
    receiver.answers = [500]
    browser.pay(donation(client))
    flushed(browser)
    return secret


@pytest.mark.usefixtures("given")
def test_deliveries_are_chosen_by_type_and_state(browser: Browser) -> None:
    every = browser.get("/_sandbox/deliveries").json["data"]
    of_charges = browser.get("/_sandbox/deliveries?type=charge.*").json["data"]
    assert {each["type"] for each in of_charges} == {"charge.succeeded", "charge.updated"}
    assert browser.get("/_sandbox/deliveries?state=waiting").json["data"] == []
    assert browser.get("/_sandbox/deliveries?state=delivered").json["data"] == every
    text = page(browser, "/_sandbox/deliveries?type=charge.*").text
    assert "charge.updated" in text
    assert "checkout.session.completed" not in text
    assert "There are none like that." in page(browser, "/_sandbox/deliveries?state=failed").text


@pytest.mark.usefixtures("given")
def test_older_deliveries_are_on_a_further_page(browser: Browser) -> None:
    every = browser.get("/_sandbox/deliveries").json["data"]
    older = browser.get(f"/_sandbox/deliveries?before={every[1]['id']}").json["data"]
    assert older == every[2:]


def test_a_delivery_shows_its_body_and_each_answer(browser: Browser, receiver: Receiver, given: str) -> None:
    retried = next(each for each in browser.get("/_sandbox/deliveries").json["data"] if each["tries"] == 2)
    shown = browser.get(f"/_sandbox/deliveries/{retried['id']}").json
    assert shown["body"]["id"] == retried["event"]
    assert [each["answer"] for each in shown["history"]] == ["500", "200"]
    assert {each["signature"] for each in shown["history"]} <= {header for _, header in receiver.arrived}
    text = page(browser, f"/_sandbox/deliveries/{retried['id']}").text
    assert retried["event"] in text
    assert "UTC: 500" in text
    assert given not in text


@pytest.mark.parametrize("path", ["/_sandbox/deliveries/999", "/_sandbox/events/evt_0"])
def test_what_is_not_there_is_a_sentence(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == page(browser, path).status == 404
    assert answer.json["error"].startswith("There is no ")


def test_any_event_is_sent_to_any_endpoint(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    browser.pay(donation(client))
    secret = listening(client, receiver, "charge.failed")
    (endpoint,) = client.v1.webhook_endpoints.list().data
    event = client.v1.events.list({"type": "charge.succeeded"}).data[0]
    assert event.id in page(browser, "/_sandbox/events?type=charge.*").text
    assert endpoint.url in page(browser, f"/_sandbox/events/{event.id}").text
    sent = browser.post(f"/_sandbox/events/{event.id}/resend", {"endpoint": endpoint.id})
    assert (sent.status, sent.location.rpartition("/")[0]) == (303, "/_sandbox/deliveries")
    assert [each.id for each in receiver.events(secret)] == [event.id]
    assert browser.get(sent.location).json["state"] == "delivered"


def test_an_event_is_sent_to_no_unknown_endpoint(client: StripeClient, browser: Browser) -> None:
    browser.pay(donation(client))
    event = client.v1.events.list().data[0].id
    assert browser.post_json(f"/_sandbox/events/{event}/resend", {"endpoint": "we_0"}).status == 404
    assert browser.post_json("/_sandbox/events/evt_0/resend", {"endpoint": "we_0"}).status == 404


def test_the_pauses_between_tries_can_be_shortened(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    listening(client, receiver, "checkout.session.completed")
    assert browser.post_json("/_sandbox/webhook_settings", {"retry_pauses": [0, 0]}).json == {"retry_pauses": [0, 0]}
    receiver.answers = [500] * 5
    browser.pay(donation(client))
    delivery = tried(browser, 3)
    flushed(browser)
    assert (delivery["state"], len(receiver.arrived)) == ("failed", 3)
    assert browser.post("/_sandbox/webhook_settings", {"retry_pauses": "1, 60"}).status == 303
    assert browser.get("/_sandbox/webhook_settings").json == {"retry_pauses": [1, 60]}


@pytest.mark.parametrize(
    "body",
    [{"retry_pauses": "soon"}, {"retry_pauses": [-1]}, {"retry_pauses": [1] * 31}, {"retry_pauses": 5}, {"a": 1}],
)
def test_wrong_pauses_are_refused(browser: Browser, body: dict[str, Any]) -> None:
    before = browser.get("/_sandbox/webhook_settings").json
    assert browser.post_json("/_sandbox/webhook_settings", body).status == 422
    assert browser.get("/_sandbox/webhook_settings").json == before


@pytest.mark.usefixtures("given")
def test_a_disabled_endpoint_is_sent_nothing_more(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    (endpoint,) = client.v1.webhook_endpoints.list().data
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    heard = len(receiver.arrived)
    number = browser.get("/_sandbox/deliveries").json["data"][0]["id"]
    assert browser.post_json(f"/_sandbox/deliveries/{number}/resend", {}).json["answer"] == "the endpoint is disabled"
    assert len(receiver.arrived) == heard


def test_events_are_shown_as_they_were_sent(client: StripeClient, browser: Browser) -> None:
    browser.pay(donation(client))
    listed = browser.get("/_sandbox/events?type=charge.succeeded").json["data"]
    assert listed == [json.loads(str(client.v1.events.list({"type": "charge.succeeded"}).data[0]))]
