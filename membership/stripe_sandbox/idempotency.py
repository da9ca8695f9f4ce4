"""Idempotency keys: the same key with the same request gets the first answer again."""

import hashlib
import json

from membership.stripe_sandbox.errors import ApiError
from membership.stripe_sandbox.shapes import Json
from membership.stripe_sandbox.store import Store

LONGEST = 255


def fingerprint(method: str, path: str, body: bytes) -> str:
    """Returns what two requests must share to be one."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def first_answer(store: Store, key: str, request: str) -> tuple[int, Json] | None:
    """Returns status and body that this key got before, or None.

    Raises ApiError idempotency_error if the key came with another request.
    """
    if len(key) > LONGEST:
        raise ApiError(400, f"Idempotency keys can have up to {LONGEST} characters.", kind="idempotency_error")
    rows = store.rows("SELECT request, status, body FROM idempotency_keys WHERE key = ?", key)
    if not rows:
        return None
    if rows[0]["request"] != request:
        raise ApiError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    return rows[0]["status"], json.loads(rows[0]["body"])


def keep_answer(store: Store, key: str, request: str, *, status: int, body: Json) -> None:
    """Remembers the answer of a call that was carried out."""
    store.rows("INSERT INTO idempotency_keys VALUES (?, ?, ?, ?)", key, request, status, json.dumps(body))
