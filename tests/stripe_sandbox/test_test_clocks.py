"""Test clocks: hands on the sandbox's one clock, forwards only, within Stripe's limits."""

import json

import pytest
from stripe import InvalidRequestError, StripeClient

from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.renewing import HOUR, begun, latest, period_end, time_of
from tests.stripe_sandbox.steps import DAY, Browser

pytestmark = pytest.mark.usefixtures("sound_events")


def test_advancing_a_test_clock_renews(client: StripeClient, browser: Browser) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": time_of(browser), "name": "Renewal"})
    subscription = begun(client, browser)
    target = period_end(subscription) + HOUR
    answer = client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": target})
    assert (answer.status, answer.frozen_time) == ("advancing", target)
    ready = client.v1.test_helpers.test_clocks.retrieve(clock.id)
    assert (ready.status, ready.name) == ("ready", "Renewal")
    assert problems(json.loads(str(answer))) == problems(json.loads(str(ready))) == []
    assert latest(client, subscription).status == "paid"
    assert time_of(browser) >= target
    newest = client.v1.events.list({"limit": 1}).data[0]
    assert str(newest.type) == "test_helpers.test_clock.ready"


def test_a_test_clock_of_the_future_takes_the_sandbox_there(client: StripeClient, browser: Browser) -> None:
    target = time_of(browser) + 100 * DAY
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": target})
    assert (clock.status, time_of(browser) >= target) == ("ready", True)


def test_two_intervals_of_the_shortest_subscription_are_the_limit(client: StripeClient, browser: Browser) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": time_of(browser)})
    begun(client, browser, interval="year")
    begun(client, browser)
    with pytest.raises(InvalidRequestError, match="two intervals") as refused:
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + 63 * DAY})
    assert refused.value.param == "frozen_time"
    assert client.v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready"
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + 58 * DAY})


def test_without_a_subscription_two_years_are_the_limit(client: StripeClient, browser: Browser) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": time_of(browser)})
    with pytest.raises(InvalidRequestError):
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + 731 * DAY})
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + 729 * DAY})


def test_a_test_clock_does_not_go_back(client: StripeClient, browser: Browser) -> None:
    with pytest.raises(InvalidRequestError, match="does not go back"):
        client.v1.test_helpers.test_clocks.create({"frozen_time": time_of(browser) - 2 * DAY})
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": time_of(browser)})
    with pytest.raises(InvalidRequestError, match="must be after"):
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time - 1})
    browser.advance(DAY)
    with pytest.raises(InvalidRequestError, match="gone on by itself"):
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + HOUR})


def test_a_test_clock_is_deleted(client: StripeClient, browser: Browser) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": time_of(browser)})
    assert [each.id for each in client.v1.test_helpers.test_clocks.list().data] == [clock.id]
    assert client.v1.test_helpers.test_clocks.delete(clock.id).deleted
    with pytest.raises(InvalidRequestError):
        client.v1.test_helpers.test_clocks.retrieve(clock.id)
