"""What an event about money makes us look at. The event names an object; Stripe says how it is."""

import json
from datetime import timedelta

from membership.db import transaction
from membership.outbox.periodic import EPOCH
from membership.outbox.rows import enqueue
from membership.payments.inbox import Event
from membership.payments.mirror import Cause, Mirror
from membership.payments.syncing import sync_checkout, sync_payment

# What comes in within this time shares one listing of the account.
TOGETHER = timedelta(seconds=5)


def on_checkout(mirror: Mirror, event: Event, cause: Cause) -> None:
    """Looks at the Checkout session, and at the payment that it made."""
    sync_checkout(mirror, event.object_id, cause)


def on_payment(mirror: Mirror, event: Event, cause: Cause) -> None:
    """Looks at the payment intent."""
    sync_payment(mirror, event.object_id, cause)


def on_charge(mirror: Mirror, event: Event, cause: Cause) -> None:
    """Looks at the payment whose charge this is."""
    intent = json.loads(event.payload)["data"]["object"].get("payment_intent")
    if isinstance(intent, str):
        sync_payment(mirror, intent, cause)


def on_movement(mirror: Mirror, _event: Event, _cause: Cause) -> None:
    """Says that there are new lines in the account; many at once lead to one listing."""
    now = mirror.clock.now()
    due_at = EPOCH + ((now - EPOCH) // TOGETHER + 1) * TOGETHER
    with mirror.database.session() as session, transaction(session):
        enqueue(session, "movements", due_at.isoformat(), {}, now=now, due_at=due_at)
