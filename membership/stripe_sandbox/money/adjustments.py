"""Adjustments: money that Stripe gives or takes outside of any payment, for example to correct a fee."""

from membership.stripe_sandbox.money.booking import book
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store


def adjust(store: Store, amount: int, currency: str, description: str, *, now: int) -> Json:
    """Books signed minor units of a settled currency.

    https://docs.stripe.com/reports/reporting-categories: type adjustment, category other_adjustment, without a source.
    """
    return book(store, "adjustment", amount, currency, category="other_adjustment", description=description, now=now)
