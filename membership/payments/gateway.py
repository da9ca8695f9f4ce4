"""The seam to Stripe: what we ask of it, and how it may fail us. What goes over the seam stands in `records`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from flask import current_app

from membership.money import Money
from membership.payments.records import (
    BalanceTransaction,
    Charge,
    Checkout,
    CheckoutOrder,
    DisputeSeen,
    EventSeen,
    Intent,
    Invoice,
    PayoutSeen,
    RefundOrder,
    RefundSeen,
    Subscription,
    Terms,
)


class StripeAway(Exception):  # noqa: N818 - named for what happened
    """Stripe did not answer, or answered that it could not: nothing is known, ask again."""


class KeySpoiled(Exception):  # noqa: N818 - named for what happened
    """The idempotency key holds a failure, or the call came too late: only a new key can succeed."""


class GoneAtStripe(Exception):  # noqa: N818 - named for what happened
    """Stripe does not know this object."""


class StripeRefused(Exception):  # noqa: N818 - named for what happened
    """Stripe understood and said no; the message is for the log, not for readers."""


class NotLetIn(StripeRefused):
    """Stripe does not take our key, or not for this: nothing is said of what was asked."""


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

    def change_amount(self, subscription_id: str, amount: Money) -> None:
        """Sets what the next charges take; nothing is charged now. Same currency and cadence."""
        ...

    def preview(self, subscription_id: str, amount: Money) -> Terms | None:
        """Asks what the next charge would be with another amount; `None` if none comes. Nothing is changed."""
        ...

    def pause(self, subscription_id: str, kind: str, *, until: datetime) -> None:
        """Takes nothing until then; what falls due is void. `kind` (skip or pause) is our word for it."""
        ...

    def end_pause(self, subscription_id: str, *, charge_now: bool) -> None:
        """Takes money again: at the period's end, or at once for a period that begins now (may refuse)."""
        ...

    def move_charge(self, subscription_id: str, to: datetime) -> None:
        """Moves the next charge, and the days of those after it; nothing is charged now."""
        ...

    def change_at_period_end(self, subscription_id: str, amount: Money, cadence: str) -> None:
        """Schedules another amount and cadence (month or year) for the end of the paid period."""
        ...

    def release_schedule(self, schedule_id: str) -> None:
        """Takes a scheduled change back; one that is over is left as it is."""
        ...

    def card_page(self, customer: str, *, return_url: str, language: str) -> str:
        """Returns the address of Stripe's page for a new card, where nothing else can be changed."""
        ...

    def void_invoice(self, invoice_id: str) -> None:
        """Makes an open invoice one that nobody will be charged for; one that is paid or void is left as it is."""
        ...

    def change_customer_email(self, customer_id: str, email: str) -> None:
        """Sets the address that Stripe writes to; may raise `StripeRefused`."""
        ...

    def delete_customer(self, customer_id: str) -> None:
        """Deletes a customer for good, with cards and addresses; what they pay regularly ends at once."""
        ...

    def refund(self, refund_id: str) -> RefundSeen: ...

    def create_refund(self, order: RefundOrder) -> RefundSeen:
        """Sends money back; the same order again gives the same refund. May raise `KeySpoiled` or `StripeRefused`."""
        ...

    def dispute(self, dispute_id: str) -> DisputeSeen: ...

    def payout(self, payout_id: str) -> PayoutSeen: ...

    def payout_lines(self, payout_id: str) -> Iterator[BalanceTransaction]:
        """Lists what an automatic payout is made of, its own line included; a manual one has no list at Stripe."""
        ...

    def balance_transactions(
        self, since: datetime | None, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        """Lists the lines created at or after `since` and at or before `until`, newest first; `None`: no bound."""
        ...

    # The lists below are newest first; `since`: created at or after it, `None`: all there are.

    def events(self, types: Sequence[str], since: datetime | None) -> Iterator[EventSeen]:
        """Lists the events of these types; Stripe keeps them for 30 days. However many types: 20 a call."""
        ...

    def event(self, event_id: str) -> EventSeen:
        """Returns one event, as long as Stripe keeps it."""
        ...

    def checkouts(self, since: datetime | None) -> Iterator[Checkout]: ...

    def charges(self, since: datetime | None) -> Iterator[Charge]: ...

    def subscriptions(self, since: datetime | None) -> Iterator[Subscription]:
        """Lists subscriptions of every status."""
        ...

    def invoices(self, since: datetime | None) -> Iterator[Invoice]: ...

    def open_invoices(self, subscription_id: str) -> Iterator[Invoice]:
        """Lists what a subscription still asks its owner for."""
        ...

    def refunds(self, since: datetime | None) -> Iterator[RefundSeen]: ...

    def disputes(self, since: datetime | None) -> Iterator[DisputeSeen]: ...

    def payouts(self, since: datetime | None) -> Iterator[PayoutSeen]: ...

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
