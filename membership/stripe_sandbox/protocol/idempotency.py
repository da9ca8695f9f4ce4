"""Idempotency keys: the same key with the same request gets the first answer again.

Source: https://docs.stripe.com/api/idempotent_requests and https://docs.stripe.com/error-low-level#idempotency.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store, encoded

LONGEST = 255
KEPT_SECONDS = 86_400


@dataclass(frozen=True)
class Answer:
    """What a call got. `request_id` is that of the call it was made for, `replayed` that it was made before."""

    status: int
    body: Json
    request_id: str
    replayed: bool = False


class KeysInWork:
    """The keys of the calls that are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """Holds a key for as long as its call is at work. Raises ApiError 409 if another call holds it."""
        with self._lock:
            if key in self._keys:
                raise ApiError(
                    409,
                    "There is currently another in-progress request using this Idempotent Key (that probably means "
                    f"you submitted twice, and the other request is still going through): {key}. "
                    "Please try again later.",
                    kind="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def fingerprint(method: str, path: str, body: bytes) -> str:
    """Returns what two requests must share to be one."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def check_key(key: str) -> None:
    """Raises ApiError for a key that Stripe would not take."""
    if not 0 < len(key) <= LONGEST:
        raise ApiError(400, f"Idempotency keys must have 1 to {LONGEST} characters.", kind="idempotency_error")


def first_answer(store: Store, key: str, request: str, *, now: int) -> Answer | None:
    """Returns what this key got before, or None; keys are forgotten after a day.

    Raises ApiError idempotency_error if the key came with another request.
    """
    store.rows("DELETE FROM idempotency_keys WHERE created <= ?", now - KEPT_SECONDS)
    rows = store.rows("SELECT request, status, body, request_id FROM idempotency_keys WHERE key = ?", key)
    if not rows:
        return None
    if rows[0]["request"] != request:
        raise ApiError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    return Answer(rows[0]["status"], json.loads(rows[0]["body"]), rows[0]["request_id"])


def keep_answer(store: Store, key: str, request: str, answer: Answer, *, now: int) -> None:
    """Remembers the answer of a call that began."""
    values = (key, request, answer.status, encoded(answer.body), answer.request_id, now)
    store.rows("INSERT INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?)", *values)
