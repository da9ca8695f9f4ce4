"""Events come twice, at once, in the wrong order, of another version or with words of tomorrow; a worker dies."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import stripe
from sqlalchemy import func, select
from structlog.testing import capture_logs

from membership.outbox.rows import LONGEST_WAIT
from membership.patrons.models import PledgeChange
from membership.payments.inbox import MOST_TRIES
from membership.payments.models import Receipt, StripeEvent
from tests.behaviours.acts import (
    attempt_states,
    body_of,
    event_states,
    goes_well_again,
    goes_wrong,
    hand_over,
    latest,
    payment_states,
    pledge_of,
    pledged,
    signed_in,
    standing_kind,
)
from tests.money import World


def at_once(acts: list[Callable[[], object]]) -> None:
    """Does everything at the same instant, each in a thread of its own."""
    barrier = Barrier(len(acts))

    def begin(act: Callable[[], object]) -> None:
        barrier.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(begin, acts))


def count(newsroom: World, table: type) -> int:
    with newsroom.session() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_one_event_that_comes_eight_times_at_the_same_instant_is_stored_once(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    body = body_of(latest(newsroom, "checkout.session.completed"))
    at_once([lambda: newsroom.post_event(body)] * 8)
    assert count(newsroom, StripeEvent) == 1
    newsroom.work()
    assert payment_states(newsroom) == ["paid"]


@pytest.mark.parametrize("cadence", ["once", "month"])
def test_all_events_of_a_payment_at_the_same_instant_make_one_payment_and_one_receipt(
    newsroom: World, cadence: str
) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence=cadence)
    at_once([lambda event=event: hand_over(newsroom, event) for event in newsroom.events()])  # type: ignore[misc]  # a default binds it
    newsroom.work()
    assert (payment_states(newsroom), attempt_states(newsroom)) == (["paid"], ["paid"])
    assert count(newsroom, Receipt) == 1
    assert len(newsroom.letters("Receipt")) == 1
    assert len(newsroom.letters("Welcome")) == (0 if cadence == "once" else 1)


def test_a_pledge_that_was_changed_before_we_heard_of_it_stands_as_it_is_now(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence="month")
    subscription = latest(newsroom, "customer.subscription.created").data.object.id
    newsroom.api.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    hand_over(newsroom, latest(newsroom, "customer.subscription.updated"))
    assert pledge_of(newsroom).cancel_at is not None
    hand_over(newsroom, latest(newsroom, "customer.subscription.created"))
    newsroom.settle()
    assert standing_kind(newsroom) == "ending"
    # That it began, and that its account was made for it.
    assert count(newsroom, PledgeChange) == 2


def test_a_pledge_that_ended_before_we_heard_of_it_stays_ended_and_is_not_welcomed(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence="month")
    subscription = latest(newsroom, "customer.subscription.created").data.object.id
    newsroom.api.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    newsroom.api.v1.subscriptions.cancel(subscription)
    for what in ("deleted", "updated", "created"):
        hand_over(newsroom, latest(newsroom, f"customer.subscription.{what}"))
        assert (pledge_of(newsroom).live, pledge_of(newsroom).stripe_status) == (False, "canceled")
    newsroom.settle()
    assert payment_states(newsroom) == ["paid"]
    assert standing_kind(newsroom) == "lapsed"
    assert newsroom.letters("Welcome") == []


def test_what_is_heard_after_the_reader_came_back_changes_nothing(newsroom: World) -> None:
    reader = newsroom.browser()
    thanks = newsroom.give_and_pay(reader, cadence="month")
    before = reader.get(thanks).text
    assert "You are a patron now" in before
    newsroom.settle()
    assert "You are a patron now" in reader.get(thanks).text
    assert payment_states(newsroom) == ["paid"]
    assert (len(newsroom.letters("Receipt")), len(newsroom.letters("Welcome"))) == (1, 1)


def test_who_comes_back_after_the_webhook_is_thanked_without_asking_stripe(newsroom: World) -> None:
    reader = newsroom.browser()
    thanks = newsroom.give_and_pay(reader)
    newsroom.settle()
    newsroom.sandbox.stop()
    assert "Received: €5.00" in reader.get(thanks).text


@pytest.mark.usefixtures("impatient")
def test_a_sync_that_fails_is_tried_again_until_stripe_answers(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.deliver()
    goes_wrong(newsroom, "down", lasts=86_400, path="/v1/payment_intents")
    newsroom.work()
    assert (payment_states(newsroom), "waiting" in event_states(newsroom)) == ([], True)
    goes_well_again(newsroom)
    newsroom.advance(60)
    newsroom.work()
    assert (payment_states(newsroom), "waiting" in event_states(newsroom)) == (["paid"], False)
    assert len(newsroom.letters("Receipt")) == 1


@pytest.mark.usefixtures("impatient")
def test_an_event_whose_sync_fails_for_three_days_is_dead_and_stays_to_be_seen(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.post_event(body_of(latest(newsroom, "payment_intent.succeeded")))
    goes_wrong(newsroom, "rate_limit", lasts=30 * 86_400, path="/v1/payment_intents")
    for _ in range(MOST_TRIES):
        newsroom.work()
        # The clock is moved in whole seconds, and may so fall short of one.
        newsroom.advance(int(LONGEST_WAIT.total_seconds()) + 1)
    assert event_states(newsroom) == {"dead"}


@pytest.mark.parametrize("deadly", ["checkout", "intent"])
def test_what_a_worker_died_of_is_done_by_another_two_minutes_later(
    newsroom: World, monkeypatch: pytest.MonkeyPatch, deadly: str
) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.deliver()

    def die(_object_id: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(newsroom.app.extensions["gateway"], deadly, die)
        newsroom.work()
    assert "waiting" in event_states(newsroom)
    newsroom.advance(121)
    newsroom.work()
    assert (payment_states(newsroom), "waiting" in event_states(newsroom)) == (["paid"], False)
    assert len(newsroom.letters("Receipt")) == 1


def put_at_stripe(newsroom: World, thing: Any, **fields: Any) -> None:
    """Gives an object at Stripe values that its API of today does not know."""
    store = newsroom.sandbox.deliverer.store
    store.put(store.must(thing.id) | fields)


def test_a_status_of_tomorrow_gives_no_standing_and_breaks_no_page(newsroom: World) -> None:
    pledged(newsroom, email="donor@example.org")
    client = signed_in(newsroom, "donor@example.org")
    subscription = newsroom.api.v1.subscriptions.retrieve(pledge_of(newsroom).subscription)
    put_at_stripe(newsroom, subscription, status="hibernating")
    newsroom.deliver(again=True)
    hand_over(newsroom, event_about(subscription, "evt_sleeps"))
    assert (pledge_of(newsroom).stripe_status, standing_kind(newsroom)) == ("hibernating", "lapsed")
    assert client.get("/account").status_code == 200
    put_at_stripe(newsroom, subscription, status="active")
    hand_over(newsroom, event_about(subscription, "evt_wakes"))
    assert standing_kind(newsroom) == "live"


def event_about(subscription: stripe.Subscription, event_id: str) -> stripe.Event:
    values = {
        "id": event_id,
        "object": "event",
        "type": "customer.subscription.updated",
        "created": subscription.created,
        "livemode": False,
        "api_version": stripe.api_version,
        "data": {"object": {"id": subscription.id, "object": "subscription"}},
    }
    return stripe.Event.construct_from(values, None)


def test_words_of_tomorrow_leave_a_donation_on_its_way_until_stripe_says_a_known_one(newsroom: World) -> None:
    thanks = newsroom.give_and_pay(newsroom.browser())
    session = newsroom.api.v1.checkout.sessions.list({"limit": 1}).data[0]
    intent = newsroom.api.v1.payment_intents.retrieve(str(session.payment_intent))
    put_at_stripe(newsroom, session, status="pondering", payment_status="half")
    put_at_stripe(newsroom, intent, status="pondering")
    newsroom.settle()
    assert (attempt_states(newsroom), payment_states(newsroom)) == (["open"], ["started"])
    assert newsroom.letters("Receipt") == []
    put_at_stripe(newsroom, session, status="complete", payment_status="paid")
    put_at_stripe(newsroom, intent, status="succeeded")
    newsroom.advance(10)
    assert "Received: €5.00" in newsroom.browser().get(thanks).text


def test_an_endpoint_of_another_version_is_heard_and_the_difference_logged(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    drifted = json.loads(body_of(latest(newsroom, "checkout.session.completed"))) | {"api_version": "2027-03-25.fjord"}
    with capture_logs() as logs:
        assert newsroom.post_event(json.dumps(drifted).encode()).status_code == 200
    newsroom.work()
    assert payment_states(newsroom) == ["paid"]
    assert [each["said"] for each in logs if each["event"] == "webhook.other_version"] == ["2027-03-25.fjord"]


def test_a_first_card_that_is_declined_makes_no_pledge_and_the_second_one_does(newsroom: World) -> None:
    checkout = newsroom.give(newsroom.browser(), cadence="month").location
    assert newsroom.pay(checkout, "4000000000009995").status == 402
    newsroom.settle()
    assert (attempt_states(newsroom), payment_states(newsroom)) == (["open"], [])
    assert newsroom.mail.sent == []
    assert newsroom.pay(checkout).status == 303
    newsroom.settle()
    assert (payment_states(newsroom), standing_kind(newsroom)) == (["paid"], "live")
