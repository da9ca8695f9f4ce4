"""Steps of the tests about money after the charge: paid charges, a dispute, sums of the balance."""

import json
from collections import Counter
from typing import Any

from stripe import Charge, Dispute, StripeClient

from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.steps import GOOD, Browser, donation

REFUND_WAITS = "4000000000007726"
REFUND_FAILS = "4000000000005126"


def paid(client: StripeClient, browser: Browser, amount: int = 500, currency: str = "eur", card: str = GOOD) -> Charge:
    """Makes a paid donation and returns its charge."""
    session = donation(client, amount, currency)
    assert browser.pay(session, card).status == 303
    expand = ["payment_intent.latest_charge"]
    intent: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": expand}).payment_intent
    charge: Charge = intent.latest_charge
    return charge


def disputed(client: StripeClient, browser: Browser, charge: Charge, **given: str) -> Dispute:
    """Opens a dispute through the console."""
    answer = browser.post_json("/_sandbox/disputes", {"charge": charge.id} | given)
    assert answer.status == 200, answer.text
    return client.v1.disputes.retrieve(answer.json["id"])


def transactions(client: StripeClient, **where: Any) -> list[Any]:
    """Returns all balance transactions, newest first."""
    params: Any = {"limit": 100} | where
    return list(client.v1.balance_transactions.list(params).auto_paging_iter())


def balance_of(client: StripeClient) -> dict[tuple[str, str], int]:
    """Returns the balance by currency and status, without what is 0."""
    balance = client.v1.balance.retrieve()
    sums = {(each.currency, "available"): each.amount for each in balance.available}
    sums |= {(each.currency, "pending"): each.amount for each in balance.pending}
    return {key: amount for key, amount in sums.items() if amount}


def sums_of(lines: list[Any]) -> dict[tuple[str, str], int]:
    """Returns what balance transactions add up to, by currency and status, without what is 0."""
    sums: Counter[tuple[str, str]] = Counter()
    for line in lines:
        sums[line.currency, line.status] += line.net
    return {key: amount for key, amount in sums.items() if amount}


def events_of(client: StripeClient, *groups: str) -> list[Any]:
    """Returns the events whose type begins with one of the words, oldest first; each has the SDK's shape."""
    found = [each for each in client.v1.events.list({"limit": 100}).auto_paging_iter() if each.type.startswith(groups)]
    for event in found:
        assert problems(json.loads(str(event))) == problems(json.loads(str(event.data.object))) == []
    return found[::-1]


def types_of(client: StripeClient, *groups: str) -> list[str]:
    """Returns the types of those events, oldest first."""
    return [str(event.type) for event in events_of(client, *groups)]
