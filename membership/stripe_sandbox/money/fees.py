"""Stripe's monthly fee: on the first of a month, for one before it in which the account charged anybody."""

from datetime import UTC, datetime, timedelta

from membership.stripe_sandbox.money.balance import MONTHLY_FEE
from membership.stripe_sandbox.money.booking import book
from membership.stripe_sandbox.state.store import Store


def charge_monthly_fee(store: Store, *, now: int) -> None:
    """Takes the fee for the month that ended at `now`, as Stripe does for Billing and Radar.

    https://docs.stripe.com/reports/balance-transaction-types: type stripe_fee, without a source.
    """
    last_month = datetime.fromtimestamp(now - 1, UTC)
    if has_charged(store, month_of=now - 1, until=now):
        amount, currency = MONTHLY_FEE
        description = f"Billing - Usage Fee ({last_month:%Y-%m})"
        book(store, "stripe_fee", -amount, currency, category="fee", description=description, now=now)


def has_charged(store: Store, *, month_of: int, until: int) -> bool:
    """Tells whether money came in from the beginning of a moment's month until (and without) another."""
    begins = int(_first(datetime.fromtimestamp(month_of, UTC)).timestamp())
    found = store.rows(
        "SELECT 1 FROM objects WHERE kind = 'balance_transaction' AND created >= ? AND created < ? "
        "AND body ->> 'type' IN ('charge', 'payment') LIMIT 1",
        begins, until,
    )  # fmt: skip
    return bool(found)


def next_month_of(now: int) -> int:
    """Returns the midnight with which the month after that of `now` begins, in UTC."""
    first = _first(datetime.fromtimestamp(now, UTC))
    return int(_first(first + timedelta(days=32)).timestamp())


def _first(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
