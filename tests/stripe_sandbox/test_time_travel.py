"""Many things that fall due are done in one transaction, and yet each at its own moment, once, or not at all."""

from pathlib import Path

import pytest
from stripe import StripeClient, Subscription

from membership.stripe_sandbox.server import Sandbox
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import TOGETHER, run_due
from tests.stripe_sandbox.renewing import item_of, types_since
from tests.stripe_sandbox.steps import DAY, Browser

NOW = 1_800_000_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "sandbox.db")


def session(number: int) -> dict[str, object]:
    return {"id": f"cs_{number}", "object": "checkout.session", "created": NOW, "status": "open", "expires_at": NOW}


def test_a_year_is_the_same_in_one_leap_and_in_small_steps(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    begins = item_of(subscription).current_period_start
    browser.post_json("/_sandbox/snapshot", {"name": "before"})
    browser.advance(370 * DAY)
    leap = types_since(client, begins)
    invoices = [(each.created, each.status) for each in client.v1.invoices.list({"limit": 100}).data]
    browser.post_json("/_sandbox/restore", {"name": "before"})
    for _ in range(37):
        browser.advance(10 * DAY)
    assert len(invoices) == 13
    assert types_since(client, begins) == leap
    assert [(each.created, each.status) for each in client.v1.invoices.list({"limit": 100}).data] == invoices


def test_more_than_are_done_together_are_all_done(store: Store) -> None:
    for number in range(2 * TOGETHER + 1):
        store.put(session(number), due_at=NOW - number)
    assert run_due(store, now=NOW) == 2 * TOGETHER + 1
    assert {each["status"] for each in store.every("checkout.session")} == {"expired"}


def test_what_is_due_before_something_that_fails_is_done(store: Store) -> None:
    for number in range(3):
        store.put(session(number), due_at=NOW - 10 + number)
    store.put({"id": "po_broken", "object": "payout", "created": NOW}, due_at=NOW - 9)
    with pytest.raises(KeyError):
        run_due(store, now=NOW)
    assert [store.must(f"cs_{number}")["status"] for number in range(3)] == ["expired", "expired", "open"]
    assert len(store.every("event")) == 2


def test_within_a_transaction_of_the_caller_nothing_stands_by_itself(store: Store) -> None:
    store.put(session(0), due_at=NOW)

    def undone() -> None:
        with store.transaction():
            assert run_due(store, now=NOW) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert store.must("cs_0")["status"] == "open"


def test_a_webhook_that_is_sent_meanwhile_does_not_disturb(
    sandbox: Sandbox, client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    """The senders look for what is due, too, while somebody else does it."""
    browser.advance(100 * DAY)
    paid = [each.status for each in client.v1.invoices.list({"subscription": subscription.id}).data]
    assert paid == ["paid"] * 4
    assert sandbox.deliverer.running
