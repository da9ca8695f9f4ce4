"""What `/v1/events` remembers: 30 days (https://docs.stripe.com/api/events), by type, time and delivery."""

from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import DAY, Browser, donation
from tests.stripe_sandbox.test_webhooks import flushed, listening


def test_events_are_forgotten_after_30_days(client: StripeClient, browser: Browser) -> None:
    old = client.v1.events.list().data[0]
    browser.advance(30 * DAY - 60)
    assert client.v1.events.retrieve(old.id).id == old.id
    browser.advance(120)
    assert client.v1.events.list().data == []
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.events.retrieve(old.id)
    assert (refused.value.code, refused.value.http_status) == ("resource_missing", 404)


def test_the_console_still_knows_old_events(client: StripeClient, browser: Browser) -> None:
    old = client.v1.events.list().data[0]
    browser.advance(31 * DAY)
    assert old.id in [each["id"] for each in browser.get("/_sandbox/events").json["data"]]


def test_several_types_and_a_time_are_chosen(client: StripeClient, browser: Browser) -> None:
    browser.pay(donation(client))
    browser.advance(DAY)
    middle = browser.get("/_sandbox/health").json["now"]
    browser.advance(DAY)
    browser.pay(donation(client))
    types = client.v1.events.list({"types": ["charge.succeeded", "payment_intent.succeeded"]}).data
    assert {event.type for event in types} == {"charge.succeeded", "payment_intent.succeeded"}
    assert len(types) == 4
    later = client.v1.events.list({"types": ["charge.succeeded"], "created": {"gt": middle}}).data
    assert len(later) == 1
    assert later[0].created > middle


def test_events_are_chosen_by_whether_all_endpoints_took_them(
    client: StripeClient, browser: Browser, receiver: Receiver
) -> None:
    listening(client, receiver, "charge.succeeded", "charge.updated")
    browser.post_json("/_sandbox/faults", {"kind": "drop", "type": "charge.updated"})
    browser.pay(donation(client))
    flushed(browser)
    failed = client.v1.events.list({"delivery_success": False}).data
    taken = client.v1.events.list({"delivery_success": True}).data
    assert [event.type for event in failed] == ["charge.updated"]
    assert "charge.succeeded" in [event.type for event in taken]
    assert "charge.updated" not in [event.type for event in taken]


def test_an_event_names_the_request_that_caused_it(client: StripeClient, browser: Browser) -> None:
    made: Any = client.v1.products.create({"name": "Mug"}, {"idempotency_key": "mug-1"})
    (event,) = client.v1.events.list({"type": "product.created", "limit": 1}).data
    assert event.request is not None
    assert (event.request.id, event.request.idempotency_key) == (made.last_response.request_id, "mug-1")
    browser.pay(donation(client))
    paid = client.v1.events.list({"type": "charge.succeeded"}).data[0]
    assert paid.request is not None
    assert (paid.request.id, paid.request.idempotency_key) == (None, None)
