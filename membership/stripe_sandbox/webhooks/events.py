"""Events: a snapshot of an object under Stripe's type name, and a delivery for every endpoint that wants it."""

from contextvars import ContextVar

import stripe

from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store

API_VERSION = stripe.api_version
# https://docs.stripe.com/api/events: older ones can be neither listed nor retrieved.
DAYS_KEPT = 30

# Which request of the API makes the events of this moment; what time brings has none.
CAUSE: ContextVar[Json] = ContextVar("cause", default={"id": None, "idempotency_key": None})  # noqa: B039 - never changed


def emit(store: Store, event_type: str, body: Json, *, now: int, previous: Json | None = None) -> None:
    """Records that something happened to an object and queues its webhooks. `previous` holds the fields' old values.

    What nobody is to hear of and nobody could look up any more is not recorded.
    """
    if not is_heard(store, event_type, now=now):
        return
    endpoints = [endpoint for endpoint in store.endpoints() if wants(endpoint, event_type)]
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
        request=dict(CAUSE.get()),
        type=event_type,
    )
    del event["account"], event["context"]
    store.put(event)
    for endpoint in endpoints:
        queue(store, event, endpoint, now=now)


def emit_change(store: Store, event_type: str, before: Json, after: Json, *, now: int) -> None:
    """Records an update with the old values of what differs."""
    emit(store, event_type, after, previous=previous_attributes(before, after), now=now)


def previous_attributes(before: Json, after: Json) -> Json:
    """Returns the old values of what differs: of an object only the keys that do, of an array the whole.

    A key that is new was null before (https://docs.stripe.com/api/events/object#event_object-data-previous_attributes).
    """
    previous: Json = {}
    for name in before | after:
        old, new = before.get(name), after.get(name)
        if old != new:
            both = isinstance(old, dict) and isinstance(new, dict)
            previous[name] = previous_attributes(old, new) if both else old  # type: ignore[arg-type]
    return previous


def put_change(store: Store, event_type: str, before: Json, after: Json, *, now: int) -> Json:
    """Stores an object as it is after an update, and records that; where nothing differs, neither. Returns it."""
    if after != before:
        store.put(after)
        emit_change(store, event_type, before, after, now=now)
    return after


def is_heard(store: Store, event_type: str, *, now: int) -> bool:
    """Tells whether an event is to be recorded: somebody wants it, or it can still be looked up."""
    return now >= store.memory_begins or any(wants(endpoint, event_type) for endpoint in store.endpoints())


def wants(endpoint: Json, event_type: str) -> bool:
    """Tells whether an endpoint is enabled and subscribed to this type of event."""
    enabled = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in enabled or event_type in enabled)


def queue(store: Store, event: Json, endpoint: Json, *, now: int, state: str = "waiting") -> int:
    """Leaves a delivery to be sent as soon as possible, and returns its number."""
    rows = store.rows(
        "INSERT INTO deliveries (event, type, endpoint, state, first_at, next_at) "
        "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        event["id"], event["type"], endpoint["id"], state, now, now,
    )  # fmt: skip
    number: int = rows[0]["id"]
    return number


def still_pending(store: Store, event: Json) -> int:
    """Returns how many endpoints have not yet taken an event."""
    return len(store.rows("SELECT 1 FROM deliveries WHERE event = ? AND state IN ('waiting', 'sending')", event["id"]))
