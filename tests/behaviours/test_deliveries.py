"""Webhooks as they travel: the sandbox posts them to the application over HTTP, and faults befall them on the way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from membership.stripe_sandbox.server import Sandbox, close, make_server, running
from tests.behaviours.acts import (
    attempt_states,
    console,
    event_states,
    goes_well_again,
    goes_wrong,
    payment_states,
    standing_kind,
)
from tests.money import World
from tests.stripe_sandbox.steps import Browser


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(state=tmp_path / "sandbox.db", clock=tmp_path / "clock") as sandbox:
        yield sandbox


@pytest.fixture
def heard(newsroom: World) -> Iterator[World]:
    """A newsroom that Stripe reaches at its webhook."""
    with served(newsroom) as url:
        endpoint = newsroom.api.v1.webhook_endpoints.list().data[0]
        newsroom.api.v1.webhook_endpoints.update(endpoint.id, {"url": f"{url}/stripe/webhook"})
        yield newsroom


@contextmanager
def served(newsroom: World) -> Iterator[str]:
    """Serves the application on a free port of this machine."""
    server = make_server(newsroom.app, 0)
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        with suppress(OSError):
            server.trigger.pull_trigger(lambda: close(server))
        thread.join()


def arrive(newsroom: World) -> list[str]:
    """Lets everything arrive that is on its way, and the worker run; returns what each last delivery was answered."""
    newsroom.advance(10)
    console(newsroom, "deliveries/flush", {})
    newsroom.work()
    return [delivery["answer"] for delivery in Browser(newsroom.sandbox.url).get("/_sandbox/deliveries").json["data"]]


def tries(newsroom: World) -> list[list[str]]:
    """Returns what each delivery was answered, try by try."""
    browser = Browser(newsroom.sandbox.url)
    numbers = [delivery["id"] for delivery in browser.get("/_sandbox/deliveries").json["data"]]
    histories = [browser.get(f"/_sandbox/deliveries/{number}").json["history"] for number in numbers]
    return [[each["answer"] for each in history] for history in histories]


def is_paid_once(newsroom: World) -> bool:
    return (payment_states(newsroom), attempt_states(newsroom), len(newsroom.letters("Receipt"))) == (
        ["paid"],
        ["paid"],
        1,
    )


def test_what_stripe_sends_is_stored_and_leads_to_a_receipt(heard: World) -> None:
    heard.give_and_pay(heard.browser())
    assert set(arrive(heard)) == {"200"}
    assert (is_paid_once(heard), event_states(heard)) == (True, {"handled"})


@pytest.mark.parametrize("kind", ["duplicate", "reorder"])
@pytest.mark.parametrize("cadence", ["once", "month"])
def test_what_comes_twice_or_the_last_first_is_one_payment(heard: World, kind: str, cadence: str) -> None:
    goes_wrong(heard, kind, lasts=3600)
    heard.give_and_pay(heard.browser(), cadence=cadence)
    assert set(arrive(heard)) == {"200"}
    assert is_paid_once(heard)
    assert len(heard.letters("Welcome")) == (0 if cadence == "once" else 1)


@pytest.mark.parametrize("kind", ["wrong_signature", "old_timestamp", "future_timestamp"])
def test_what_is_signed_wrongly_or_at_another_time_is_refused_until_it_comes_again_rightly(
    heard: World, kind: str
) -> None:
    goes_wrong(heard, kind, lasts=3600)
    heard.give_and_pay(heard.browser())
    console(heard, "deliveries/flush", {})
    arrive(heard)
    assert tries(heard)
    assert all(answers == ["400", "200"] for answers in tries(heard))
    assert is_paid_once(heard)


def test_while_a_secret_rolls_both_signatures_come_and_one_is_enough(heard: World) -> None:
    endpoint = heard.api.v1.webhook_endpoints.list().data[0].id
    console(heard, f"endpoints/{endpoint}/roll", {"overlap": 3600})
    heard.give_and_pay(heard.browser())
    assert set(arrive(heard)) == {"200"}
    assert is_paid_once(heard)


def test_after_a_roll_without_overlap_the_old_secret_opens_nothing(heard: World) -> None:
    endpoint = heard.api.v1.webhook_endpoints.list().data[0].id
    console(heard, f"endpoints/{endpoint}/roll", {"overlap": 0})
    console(heard, "webhook_settings", {"retry_pauses": []})
    heard.give_and_pay(heard.browser())
    assert set(arrive(heard)) == {"400"}
    assert event_states(heard) == set()


@pytest.mark.parametrize("cadence", ["once", "month"])
def test_whose_webhooks_are_lost_is_thanked_and_known_by_looking(heard: World, cadence: str) -> None:
    goes_wrong(heard, "drop", lasts=3600)
    reader = heard.browser()
    thanks = heard.give_and_pay(reader, cadence=cadence)
    arrive(heard)
    assert event_states(heard) == set()
    assert "Received: €5.00" in reader.get(thanks).text
    heard.work()
    assert is_paid_once(heard)
    if cadence == "month":
        assert standing_kind(heard) == "live"


def test_what_was_lost_and_is_sent_again_by_hand_is_handled(heard: World) -> None:
    goes_wrong(heard, "drop", lasts=3600)
    heard.give_and_pay(heard.browser())
    arrive(heard)
    goes_well_again(heard)
    for delivery in Browser(heard.sandbox.url).get("/_sandbox/deliveries").json["data"]:
        console(heard, f"deliveries/{delivery['id']}/resend", {})
    heard.work()
    assert (is_paid_once(heard), event_states(heard)) == (True, {"handled"})


def test_what_comes_a_day_late_changes_nothing_that_was_known_meanwhile(heard: World) -> None:
    goes_wrong(heard, "delay", seconds=86_400, lasts=3600)
    reader = heard.browser()
    thanks = heard.give_and_pay(reader)
    assert "Received: €5.00" in reader.get(thanks).text
    arrive(heard)
    assert event_states(heard) == set()
    heard.advance(86_400)
    arrive(heard)
    assert (is_paid_once(heard), event_states(heard)) == (True, {"handled"})
