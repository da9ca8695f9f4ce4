"""Carries out one call of the API: in one transaction, once for each idempotency key, with the faults asked for."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeAlias

from membership.stripe_sandbox.console.faults import Fault
from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.idempotency import (
    Answer,
    KeysInWork,
    check_key,
    fingerprint,
    first_answer,
    keep_answer,
)
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import pause
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import CAUSE

Handle: TypeAlias = Callable[[], Json]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """One call as it came: `key` is its idempotency key, `fault` what shall go wrong with it."""

    method: str
    path: str
    body: bytes
    key: str | None
    request_id: str
    fault: Fault | None


class BrokenOnPurposeError(Exception):
    """The fault `server_error` was met."""


def perform(store: Store, keys: KeysInWork, asked: Asked, handle: Handle, *, now: int) -> Answer:
    """Answers a call. `handle` does its work; what it refuses with an ApiError becomes Stripe's error body.

    Only POST has keys (https://docs.stripe.com/api/idempotent_requests). Raises ApiError for a key that is in work,
    or was used for another call.
    """
    if asked.method != "POST" or asked.key is None:
        return _paused(_done(store, asked, handle, now=now), asked.fault)
    check_key(asked.key)
    with keys.holding(asked.key):
        first = first_answer(store, asked.key, _fingerprint(asked), now=now)
        if first:
            return replace(first, replayed=True)
        return _paused(_done(store, asked, handle, now=now), asked.fault)


def _fingerprint(asked: Asked) -> str:
    return fingerprint(asked.method, asked.path, asked.body)


def _paused(answer: Answer, fault: Fault | None) -> Answer:
    if fault and fault.kind == "slow":
        pause(fault.seconds)
    return answer


def _done(store: Store, asked: Asked, handle: Handle, *, now: int) -> Answer:
    cause = CAUSE.set({"id": asked.request_id, "idempotency_key": asked.key})
    try:
        with _unit(store, asked):
            answer = _tried(asked, handle)
            _keep(store, asked, answer, now=now)
            return answer
    except ApiError as refused:
        answer = Answer(refused.status, refused.body(asked.request_id), asked.request_id)
    except Exception as error:  # a defect of the sandbox is answered as Stripe answers its own
        answer = _failure(error, asked)
    finally:
        CAUSE.reset(cause)
    _keep(store, asked, answer, now=now)
    return answer


def _unit(store: Store, asked: Asked) -> AbstractContextManager[None]:
    return nullcontext() if asked.method == "GET" else store.transaction()


def _tried(asked: Asked, handle: Handle) -> Answer:
    try:
        answer = Answer(200, handle(), asked.request_id)
    except ApiError as refused:
        if not refused.stands:
            raise
        answer = Answer(refused.status, refused.body(asked.request_id), asked.request_id)
    if asked.fault and asked.fault.kind == "server_error":
        raise BrokenOnPurposeError
    return answer


def _keep(store: Store, asked: Asked, answer: Answer, *, now: int) -> None:
    """Keeps what was carried out, a declined card, and what failed after it had begun; no other refusal."""
    if asked.key is not None and asked.method == "POST" and (answer.status in (200, 402) or answer.status >= 500):
        keep_answer(store, asked.key, _fingerprint(asked), answer, now=now)


def _failure(error: Exception, asked: Asked) -> Answer:
    status, message = 500, f"The sandbox failed: {type(error).__name__}."
    if isinstance(error, BrokenOnPurposeError) and asked.fault:
        status, message = asked.fault.status, "An unknown error occurred. (The sandbox was asked to fail.)"
    else:
        log.error("the sandbox failed", exc_info=error)
    fault = ApiError(status, message, kind="api_error")
    return Answer(status, fault.body(asked.request_id), asked.request_id)
