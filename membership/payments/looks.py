"""What an event makes us look at. The event only names objects; how they are, Stripe is asked."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from membership.payments.mirror import Thing


@dataclass(frozen=True)
class Event:
    """A stored event: a trigger, never a fact. `payload` is only read to find which objects it is about.

    It is `None` once it was purged; then the id of the object is all that is left.
    """

    id: str
    type: str
    object_id: str
    payload: str | None

    @cached_property
    def thing(self) -> dict[str, Any]:
        """Returns the object that came with the event, as it was when Stripe sent it; empty if that was purged."""
        found: dict[str, Any] = json.loads(self.payload)["data"]["object"] if self.payload else {}
        return found


Look = Callable[[Event], Thing | None]

# Stands for all lines of the account: no event names the one that is new.
ACCOUNT = Thing("account", "balance_transactions")


def things_of(event: Event, looks: Iterable[Look]) -> tuple[Thing, ...]:
    """Returns what the event makes us look at, each once."""
    named = (look(event) for look in looks)
    return tuple(dict.fromkeys(thing for thing in named if thing is not None))


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
    if event.payload is None:
        return _named("source", event.object_id)
    return _named("payment", event.thing.get("payment_intent"))


def its_suspected_payment(event: Event) -> Thing | None:
    """Looks at the payment that a card's network warns of."""
    return _named("fraud_warning", event.thing.get("payment_intent"))


def its_subscription(event: Event) -> Thing | None:
    """Looks at the subscription of an invoice that is only announced: it has no lasting id."""
    details = (event.thing.get("parent") or {}).get("subscription_details") or {}
    return _named("subscription", details.get("subscription"))


def _named(kind: str, object_id: object) -> Thing | None:
    return Thing(kind, object_id) if isinstance(object_id, str) and object_id else None
