"""Asking Stripe ahead: what a batch of events is about is fetched by a few threads while what came is being kept.

Only the asking is done there. Every ticket was taken, and committed, before; rows are read and written by the caller.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from membership.db import transaction
from membership.payments.gateway import Gateway
from membership.payments.mirror import Asked, Mirror, Thing
from membership.payments.tickets import take_all

# So many connections to Stripe has a worker; more would only make it answer that they are too many.
THREADS = 3

# Kept from batch to batch, because each of its threads keeps its connection to Stripe.
_POOL = ThreadPoolExecutor(THREADS, thread_name_prefix="ahead")

# As the syncs ask for them: what a sync fetches in more than one call is not begun here.
_ASKS: dict[str, Callable[[Gateway, str], Any]] = {
    "checkout": lambda gateway, object_id: gateway.checkout(object_id),
    "dispute": lambda gateway, object_id: gateway.dispute(object_id),
    "invoice": lambda gateway, object_id: gateway.invoice(object_id),
    "payment": lambda gateway, object_id: gateway.intent(object_id),
    "refund": lambda gateway, object_id: gateway.refund(object_id),
    "subscription": lambda gateway, object_id: gateway.subscription(object_id),
}


@contextmanager
def asking_ahead(mirror: Mirror, things: Iterable[Thing]) -> Iterator[Mirror]:
    """Yields a mirror that looks at each object once, and has begun to ask Stripe for these.

    Kinds that it does not know, and objects that are only named by others, are fetched when they are looked at.
    What nobody has begun to ask for when the block ends is not asked for.
    """
    wanted = {thing.id: thing for thing in things if thing.kind in _ASKS}
    with mirror.database.session() as session, transaction(session):
        tickets = take_all(session, {thing.id: thing.kind for thing in wanted.values()})
    asked = {thing: Asked(tickets[thing.id], _ask(mirror.gateway, thing)) for thing in wanted.values()}
    try:
        yield replace(mirror, seen={}, asked=asked)
    finally:
        for each in asked.values():
            each.answer.cancel()


def _ask(gateway: Gateway, thing: Thing) -> Future[Any]:
    return _POOL.submit(_ASKS[thing.kind], gateway, thing.id)
