"""What an event about money makes us look at. The event names an object; Stripe says how it is."""

import json

from membership.payments.inbox import Event
from membership.payments.ledger import collect_movements
from membership.payments.mirror import Cause, Mirror
from membership.payments.syncing import sync_checkout, sync_payment


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
    """Looks at the lines of the account."""
    collect_movements(mirror.database, mirror.gateway)
