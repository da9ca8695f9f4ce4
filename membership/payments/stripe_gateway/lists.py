"""What Stripe lists: a page at a time, newest first, as our records."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import stripe

from membership.payments.records import (
    BalanceTransaction,
    Charge,
    Checkout,
    DisputeSeen,
    EventSeen,
    Invoice,
    PayoutSeen,
    RefundSeen,
    Subscription,
)
from membership.payments.stripe_gateway.client import meaning_of_errors
from membership.payments.stripe_gateway.plain import charge_of, invoice_of, pages, transaction_of
from membership.payments.stripe_gateway.records import (
    checkout_from,
    dispute_from,
    event_from,
    payout_from,
    refund_from,
)
from membership.payments.stripe_gateway.subscriptions import CUSTOMER, METHOD, subscription_of

PAGE = 100
# https://docs.stripe.com/api/events/list: at most 20 types a call.
TYPES_A_CALL = 20

Found = TypeVar("Found")


class Lists:
    """The lists of one Stripe account. Every step of an iterator may raise what the gateway raises."""

    _client: stripe.StripeClient

    def balance_transactions(
        self, since: datetime | None, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        return self._plain("/v1/balance_transactions", transaction_of, _created(since, until))

    def payout_lines(self, payout_id: str) -> Iterator[BalanceTransaction]:
        return self._plain("/v1/balance_transactions", transaction_of, {"payout": payout_id})

    def events(self, types: Sequence[str], since: datetime | None) -> Iterator[EventSeen]:
        for start in range(0, len(types), TYPES_A_CALL):
            some = list(types[start : start + TYPES_A_CALL])
            yield from _each(self._client.v1.events.list, event_from, {"types": some, **_created(since)})

    def event(self, event_id: str) -> EventSeen:
        with meaning_of_errors():
            return event_from(self._client.v1.events.retrieve(event_id))

    def checkouts(self, since: datetime | None) -> Iterator[Checkout]:
        return _each(self._client.v1.checkout.sessions.list, checkout_from, _created(since))

    def charges(self, since: datetime | None) -> Iterator[Charge]:
        return self._plain("/v1/charges", charge_of, _created(since))

    def subscriptions(self, since: datetime | None) -> Iterator[Subscription]:
        expand = [f"data.{CUSTOMER}", f"data.{METHOD}"]
        params = {"status": "all", "expand": expand, **_created(since)}
        return self._plain("/v1/subscriptions", subscription_of, params)

    def invoices(self, since: datetime | None) -> Iterator[Invoice]:
        return self._plain("/v1/invoices", invoice_of, {"expand": ["data.payments"], **_created(since)})

    def open_invoices(self, subscription_id: str) -> Iterator[Invoice]:
        params = {"subscription": subscription_id, "status": "open", "expand": ["data.payments"]}
        return self._plain("/v1/invoices", invoice_of, params)

    def refunds(self, since: datetime | None) -> Iterator[RefundSeen]:
        return _each(self._client.v1.refunds.list, refund_from, _created(since))

    def disputes(self, since: datetime | None) -> Iterator[DisputeSeen]:
        return _each(self._client.v1.disputes.list, dispute_from, _created(since))

    def payouts(self, since: datetime | None) -> Iterator[PayoutSeen]:
        return _each(self._client.v1.payouts.list, payout_from, _created(since))

    def _plain(self, path: str, reading: Callable[[Any], Found], params: dict[str, Any]) -> Iterator[Found]:
        with meaning_of_errors():
            for each in pages(self._client, path, {"limit": PAGE, **params}):
                yield reading(each)


def _each(listing: Callable[[Any], Any], reading: Callable[[Any], Found], params: dict[str, Any]) -> Iterator[Found]:
    with meaning_of_errors():
        for each in listing({"limit": PAGE, **params}).auto_paging_iter():
            yield reading(each)


def _created(since: datetime | None, until: datetime | None = None) -> dict[str, Any]:
    bounds = {"gte": since, "lte": until}
    created = {name: int(bound.timestamp()) for name, bound in bounds.items() if bound is not None}
    return {"created": created} if created else {}
