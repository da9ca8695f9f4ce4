"""What an event makes us look at. The event only names objects; how they are, Stripe is asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from membership.payments.mirror import Thing


@dataclass(frozen=True)
class Event:
    """A stored event: a trigger, never a fact. `payload` is only read to find which objects it is about."""

    id: str
    type: str
    object_id: str
    payload: str

    @property
    def thing(self) -> dict[str, Any]:
        """Returns the object that came with the event, as it was when Stripe sent it."""
        found: dict[str, Any] = json.loads(self.payload)["data"]["object"]
        return found


Look = Callable[[Event], Thing | None]

# Stands for all lines of the account: no event names the one that is new.
ACCOUNT = Thing("account", "balance_transactions")


def itself(kind: str) -> Look:
    """Makes the look at the object that the event is about."""

    def look(event: Event) -> Thing | None:
        return Thing(kind, event.object_id) if event.object_id else None

    return look


def account(_event: Event) -> Thing:
    """Looks at the account: there are new lines in it."""
    return ACCOUNT


def its_payment(event: Event) -> Thing | None:
    """Looks at the payment that a charge, a refund or a dispute belongs to."""
    return _named("payment", event.thing.get("payment_intent"))


def its_subscription(event: Event) -> Thing | None:
    """Looks at the subscription of an invoice that is only announced: it has no lasting id."""
    details = (event.thing.get("parent") or {}).get("subscription_details") or {}
    return _named("subscription", details.get("subscription"))


def _named(kind: str, object_id: object) -> Thing | None:
    return Thing(kind, object_id) if isinstance(object_id, str) and object_id else None
