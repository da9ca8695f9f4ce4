"""Events: a snapshot of an object under Stripe's type name, and a delivery for every endpoint that wants it."""

import stripe

from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store

API_VERSION = stripe.api_version


def emit(store: Store, event_type: str, body: Json, *, now: int, previous: Json | None = None) -> None:
    """Records that something happened to an object and queues its webhooks. `previous` holds the fields' old values."""
    endpoints = [endpoint for endpoint in store.every("webhook_endpoint") if wants(endpoint, event_type)]
    data: Json = {"object": body}
    if previous is not None:
        data["previous_attributes"] = previous
    event = whole(
        stripe.Event,
        id=new_id("event"),
        api_version=API_VERSION,
        created=now,
        data=data,
        pending_webhooks=len(endpoints),
        request={"id": None, "idempotency_key": None},
        type=event_type,
    )
    del event["account"], event["context"]
    store.put(event)
    for endpoint in endpoints:
        queue(store, event, endpoint, now=now)


def emit_change(store: Store, event_type: str, before: Json, after: Json, *, now: int) -> None:
    """Records an update with the old values of the fields that differ."""
    previous = {name: value for name, value in before.items() if after.get(name) != value}
    emit(store, event_type, after, previous=previous, now=now)


def wants(endpoint: Json, event_type: str) -> bool:
    """Tells whether an endpoint is enabled and subscribed to this type of event."""
    enabled = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in enabled or event_type in enabled)


def queue(store: Store, event: Json, endpoint: Json, *, now: int) -> None:
    """Leaves a delivery to be sent as soon as possible."""
    store.rows(
        "INSERT INTO deliveries (event, type, endpoint, state, first_at, next_at) VALUES (?, ?, ?, 'waiting', ?, ?)",
        event["id"], event["type"], endpoint["id"], now, now,
    )  # fmt: skip


def still_pending(store: Store, event: Json) -> int:
    """Returns how many endpoints have not yet taken an event."""
    return len(store.rows("SELECT 1 FROM deliveries WHERE event = ? AND state IN ('waiting', 'sending')", event["id"]))
