"""What an event about pledges makes us look at."""

import json

from membership.patrons.syncing import sync_invoice, sync_pledge_checkout, sync_subscription
from membership.payments.inbox import Event
from membership.payments.mirror import Cause, Mirror


def on_checkout(mirror: Mirror, event: Event, cause: Cause) -> None:
    """Looks at the Checkout session and at what it made."""
    sync_pledge_checkout(mirror, event.object_id, cause)


def on_subscription(mirror: Mirror, event: Event, cause: Cause) -> None:
    """Looks at the subscription."""
    sync_subscription(mirror, event.object_id, cause)


def on_invoice(mirror: Mirror, event: Event, cause: Cause) -> None:
    """Looks at the invoice, its subscription and its payments."""
    sync_invoice(mirror, event.object_id, cause)


def on_upcoming_invoice(mirror: Mirror, event: Event, cause: Cause) -> None:
    """Looks at the subscription: an invoice that is only announced has no lasting id."""
    thing = json.loads(event.payload)["data"]["object"]
    details = (thing.get("parent") or {}).get("subscription_details") or {}
    if isinstance(details.get("subscription"), str):
        sync_subscription(mirror, details["subscription"], cause)
