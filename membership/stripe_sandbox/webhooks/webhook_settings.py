"""The one setting of webhooks: the pauses between the tries of a delivery that was not taken."""

from typing import Any

from membership.stripe_sandbox.protocol.errors import ApiError, invalid, unknown_parameter
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store

KEY = "sandbox_webhook_settings"
# Seconds between tries on the sandbox's clock: Stripe's three days, the first ones made short.
PAUSES = (2, 5, 15, 60, 300, 1800, 3600, 14_400, 43_200, 86_400, 86_400)
MOST_PAUSES = 30
LONGEST_PAUSE = 30 * 86_400


def retry_pauses(store: Store) -> tuple[int, ...]:
    """Returns the seconds between the tries, on the sandbox's clock; after the last of them a delivery has failed."""
    kept = store.get(KEY)
    return tuple(kept["retry_pauses"]) if kept else PAUSES


def change_settings(store: Store, changes: Json) -> Json:
    """Changes the pauses and returns the settings. Raises ApiError for an unknown name or pauses that cannot be."""
    for name in changes.keys() - {"retry_pauses"}:
        raise unknown_parameter(name)
    if "retry_pauses" in changes:
        pauses = checked_pauses(changes["retry_pauses"])
        store.put({"id": KEY, "object": "sandbox.webhook_settings", "retry_pauses": pauses})
    return {"retry_pauses": list(retry_pauses(store))}


def checked_pauses(given: Any) -> list[int]:
    """Returns pauses as a list of seconds; words such as `1, 5, 60` are read. Raises ApiError for anything else."""
    pauses = [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given
    if not isinstance(pauses, list) or len(pauses) > MOST_PAUSES:
        raise _wrong(given)
    return [_seconds(pause, given) for pause in pauses]


def _seconds(pause: Any, given: Any) -> int:
    text = str(pause)
    if not text.isdecimal() or int(text) > LONGEST_PAUSE:
        raise _wrong(given)
    return int(text)


def _wrong(given: Any) -> ApiError:
    message = f"retry_pauses must be up to {MOST_PAUSES} whole numbers of seconds, at most {LONGEST_PAUSE} each."
    return invalid(f"{message} It was {given!r}.", "retry_pauses")
