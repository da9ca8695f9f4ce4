"""The seam to Stripe: what we ask of it and what we learn from it, in records of our own.

No object or dictionary of Stripe's passes this line. Statuses are Stripe's words and open: an unknown one is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import current_app

from membership.money import Money


class StripeAway(Exception):  # noqa: N818 - named for what happened
    """Stripe did not answer, or answered that it could not: nothing is known, ask again."""


class KeySpoiled(Exception):  # noqa: N818 - named for what happened
    """The idempotency key holds a failure, or the call came too late: only a new key can succeed."""


class GoneAtStripe(Exception):  # noqa: N818 - named for what happened
    """Stripe does not know this object."""


class StripeRefused(Exception):  # noqa: N818 - named for what happened
    """Stripe understood and said no; the message is for the log, not for readers."""


@dataclass(frozen=True)
class Tags:
    """Our own marks on an object at Stripe: whose it is, and from which attempt it came."""

    site: str | None = None
    attempt: str | None = None


@dataclass(frozen=True)
class CheckoutOrder:
    """All that a Checkout session is made of. The same order under the same key gives the same session."""

    attempt: str
    site: str
    cadence: str
    amount: Money
    email: str | None
    language: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    key: str


@dataclass(frozen=True)
class Checkout:
    """A Checkout session. `status`: open, complete, expired. `payment_status`: paid, unpaid, no_payment_required."""

    id: str
    url: str | None
    status: str
    payment_status: str
    tags: Tags
    intent: str | None
    subscription: str | None
    email: str | None
    name: str | None


@dataclass(frozen=True)
class Charge:
    """The last try to take the money of an intent."""

    id: str
    paid: bool
    created_at: datetime
    email: str | None
    name: str | None


@dataclass(frozen=True)
class Intent:
    """A payment intent with its last charge. `invoice` is set if it pays a subscription's invoice."""

    id: str
    status: str
    amount: Money
    created_at: datetime
    tags: Tags
    customer: str | None
    charge: Charge | None
    invoice: str | None = None
    is_first_of_subscription: bool = False


@dataclass(frozen=True)
class Subscription:
    """The subscription behind a pledge. `interval`: month or year."""

    id: str
    status: str
    amount: Money
    interval: str
    started_at: datetime
    period_start_at: datetime
    period_end_at: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    tags: Tags
    customer: str
    email: str | None
    name: str | None
    card_brand: str | None
    card_last4: str | None
    latest_invoice: str | None


@dataclass(frozen=True)
class Invoice:
    """An invoice of a subscription, the intents that paid it, and those that were tried or are on their way."""

    id: str
    status: str
    subscription: str | None
    tags: Tags
    period_start: datetime
    period_end: datetime
    amount_paid: Money
    intents: tuple[str, ...]
    open_intents: tuple[str, ...] = ()


@dataclass(frozen=True)
class BalanceTransaction:
    """One line of the Stripe account, in the settled currency. `net` = `amount` - `fee`, as Stripe signs them."""

    id: str
    kind: str
    source: str | None
    amount: Money
    fee: Money
    created_at: datetime
    available_at: datetime


class Gateway(Protocol):
    """What we ask of Stripe. Every call may raise `StripeAway`; reading may raise `GoneAtStripe`."""

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        """Makes a Checkout session; may raise `KeySpoiled` or `StripeRefused`."""
        ...

    def expire_checkout(self, checkout_id: str) -> bool:
        """Makes a session unpayable. `True`: too late, it is complete; one that is expired is left as it is."""
        ...

    def checkout(self, checkout_id: str) -> Checkout: ...

    def intent(self, intent_id: str) -> Intent: ...

    def subscription(self, subscription_id: str) -> Subscription: ...

    def invoice(self, invoice_id: str) -> Invoice: ...

    def set_cancellation(self, subscription_id: str, *, at_period_end: bool) -> None:
        """Ends the subscription with the paid period, or takes that back."""
        ...

    def cancel(self, subscription_id: str) -> None:
        """Ends the subscription at once; Stripe then no longer asks the bank for what is open."""
        ...

    def balance_transactions(self, since: datetime | None) -> Iterator[BalanceTransaction]:
        """Lists the lines created at or after `since` (all of them if `None`), newest first."""
        ...

    def balance(self) -> dict[str, int]:
        """Returns available + pending + connect_reserved in minor units by upper-case currency."""
        ...

    def ensure_product(self, product_id: str, name: str) -> None:
        """Makes a product under our own id unless it is there."""
        ...

    def ensure_endpoint(self, url: str, types: Sequence[str], *, roll: bool) -> str | None:
        """Makes or updates the webhook endpoint; returns its secret if it is new (Stripe tells it only then)."""
        ...


def current_gateway() -> Gateway:
    """Returns the payment gateway of the current application."""
    gateway: Gateway = current_app.extensions["gateway"]
    return gateway
