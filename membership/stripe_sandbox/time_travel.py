"""Time: runs what has fallen due, in order, each at its own moment; and moves the clock ahead."""

from collections.abc import Callable

from membership.stripe_sandbox.checkout import expire
from membership.stripe_sandbox.clock import Clock
from membership.stripe_sandbox.shapes import Json
from membership.stripe_sandbox.store import Store
from membership.stripe_sandbox.subscriptions import pass_period_end


class BackwardsError(ValueError):
    """Somebody asked for an earlier time: Stripe's test clocks do not go back, and neither does this one."""


def run_due(store: Store, *, now: int) -> int:
    """Does everything whose time has come up to `now` and returns how many things that were."""
    done = 0
    while _run_next(store, now):
        done += 1
    return done


def _run_next(store: Store, now: int) -> bool:
    if store.next_due(now) is None:
        return False
    with store.transaction():
        due = store.next_due(now)
        if due is None:
            return False
        ACTS[due.kind](store, store.must(due.id), due.at)
    return True


def _expire(store: Store, session: Json, at: int) -> None:
    expire(store, session, now=at)


def _pass_period_end(store: Store, subscription: Json, at: int) -> None:
    pass_period_end(store, subscription, now=at)


ACTS: dict[str, Callable[[Store, Json, int], None]] = {
    "checkout.session": _expire,
    "subscription": _pass_period_end,
}


def advance(store: Store, clock: Clock, to: int, *, now: int) -> int:
    """Moves the clock to a Unix time, runs what falls due, and returns how many things that were.

    Raises BackwardsError for a time before `now`, which is when the caller asked.
    """
    if to < now:
        raise BackwardsError(f"It is {now} already; the clock cannot go back to {to}.")
    clock.set_to(max(to, clock.now()))
    return run_due(store, now=clock.now())
