"""Time: runs what has fallen due, in order, each at its own moment; and moves the clock ahead."""

from collections.abc import Callable

from membership.stripe_sandbox.billing.collecting import invoice_due
from membership.stripe_sandbox.billing.renewals import subscription_due
from membership.stripe_sandbox.money import disputes, payouts, refunds
from membership.stripe_sandbox.money.settling import settle
from membership.stripe_sandbox.payments.bank_debits import settle as settle_debit
from membership.stripe_sandbox.payments.checkout import expire
from membership.stripe_sandbox.payments.payment_methods import update_by_bank
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store

# At most so many acts keep everybody else waiting, for about a quarter of a second.
TOGETHER = 400


class BackwardsError(ValueError):
    """Somebody asked for an earlier time: Stripe's test clocks do not go back, and neither does this one."""


def run_due(store: Store, *, now: int) -> int:
    """Does everything whose time has come up to `now` and returns how many things that were."""
    total = 0
    while done := _run_some(store, now):
        total += done
    return total


def _run_some(store: Store, now: int) -> int:
    """Does what falls due first, many things in one transaction: writing each by itself takes twice as long.

    Where one of them fails, those before it are done again by themselves, so that they stand.
    """
    if store.next_due(now) is None:
        return 0
    if store.is_writing():
        return _run(store, now, TOGETHER)
    try:
        with store.batch():
            return _run(store, now, TOGETHER)
    except Exception:  # what it is, is told when the act that fails is alone
        with store.transaction():
            return _run(store, now, 1)


def _run(store: Store, now: int, most: int) -> int:
    for done in range(most):
        due = store.next_due(now)
        if due is None:
            return done
        ACTS[due.kind](store, store.must(due.id), due.at)
    return most


def _expire(store: Store, session: Json, at: int) -> None:
    expire(store, session, now=at)


def _pass_subscription(store: Store, subscription: Json, at: int) -> None:
    subscription_due(store, subscription, now=at)


def _pass_invoice(store: Store, invoice: Json, at: int) -> None:
    invoice_due(store, invoice, now=at)


def _settle(store: Store, settings: Json, at: int) -> None:
    settle(store, settings, now=at)


def _pass_dispute(store: Store, dispute: Json, at: int) -> None:
    disputes.pass_due(store, dispute, now=at)


def _pass_payout(store: Store, payout: Json, at: int) -> None:
    payouts.pass_due(store, payout, now=at)


def _pass_refund(store: Store, refund: Json, at: int) -> None:
    refunds.pass_due(store, refund, now=at)


def _settle_debit(store: Store, intent: Json, at: int) -> None:
    settle_debit(store, intent, now=at)


def _update_by_bank(store: Store, method: Json, at: int) -> None:
    update_by_bank(store, method, now=at)


ACTS: dict[str, Callable[[Store, Json, int], None]] = {
    "balance_settings": _settle,
    "checkout.session": _expire,
    "dispute": _pass_dispute,
    "payment_intent": _settle_debit,
    "payment_method": _update_by_bank,
    "payout": _pass_payout,
    "refund": _pass_refund,
    "subscription": _pass_subscription,
    "invoice": _pass_invoice,
}


def advance(store: Store, clock: Clock, to: int, *, now: int) -> int:
    """Moves the clock to a Unix time, runs what falls due, and returns how many things that were.

    Raises BackwardsError for a time before `now`, which is when the caller asked.
    """
    if to < now:
        raise BackwardsError(f"It is {now} already; the clock cannot go back to {to}.")
    clock.set_to(max(to, clock.now()))
    return run_due(store, now=clock.now())
