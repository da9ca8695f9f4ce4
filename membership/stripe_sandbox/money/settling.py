"""What happens to the balance by itself at midnight: a monthly fee, money that becomes available, payouts."""

from datetime import UTC, datetime

from membership.stripe_sandbox.money.balance import balance_at, sums_at
from membership.stripe_sandbox.money.balance_settings import DAY, is_payout_day
from membership.stripe_sandbox.money.fees import charge_monthly_fee, has_charged, next_month_of
from membership.stripe_sandbox.money.payouts import pay_out_available
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit


def settle(store: Store, settings: Json, *, now: int) -> None:
    """Does what a midnight brings, and falls due again while there is anything to come."""
    if datetime.fromtimestamp(now, UTC).day == 1:
        charge_monthly_fee(store, now=now)
    if store.rows("SELECT 1 FROM balance_lines WHERE available_on = ? LIMIT 1", now):
        emit(store, "balance.available", balance_at(store, now=now), now=now)
    if is_payout_day(settings, now):
        pay_out_available(store, now=now)
    store.put(settings, due_at=_next(store, settings, now))


def _next(store: Store, settings: Json, now: int) -> int | None:
    """Returns the next midnight with something to do, as far as is known now; None while the account is at rest."""
    is_manual = settings["payments"]["payouts"]["schedule"]["interval"] == "manual"
    for available, pending in sums_at(store, now=now).values():
        if pending or (available > 0 and not is_manual):
            return now + DAY
    return next_month_of(now) if has_charged(store, month_of=now, until=now) else None
