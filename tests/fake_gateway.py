"""An honest stand-in for the payment gateway, in memory: for tests of pages that are not about money."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from membership.money import Money
from membership.payments.gateway import GoneAtStripe, KeySpoiled
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
    Tags,
    Terms,
)

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class FakeGateway:
    """Makes Checkout sessions that `pay` completes. It knows donations; it has no subscriptions to tell of."""

    orders: dict[str, tuple[CheckoutOrder, str]] = field(default_factory=dict)
    checkouts_made: dict[str, Checkout] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    refunded: dict[str, RefundSeen] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, Sequence[str]] = field(default_factory=dict)

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        if order.key in self.orders:
            kept, checkout_id = self.orders[order.key]
            if kept != order:
                raise KeySpoiled("another order under this key")
            return self.checkouts_made[checkout_id]
        number = len(self.checkouts_made) + 1
        made = Checkout(
            id=f"cs_test_{number}",
            url=f"http://127.0.0.1:1/c/pay/cs_test_{number}",
            status="open",
            payment_status="unpaid",
            tags=Tags(order.site, order.attempt),
            intent=None,
            subscription=None,
            email=order.email,
            name=None,
        )
        self.orders[order.key], self.checkouts_made[made.id] = (order, made.id), made
        return made

    def pay(self, checkout_id: str) -> None:
        """Pays a session, as a person with a good card would."""
        order = next(order for order, held in self.orders.values() if held == checkout_id)
        charge = Charge(
            f"ch_{checkout_id}",
            paid=True,
            created_at=AT,
            email=order.email,
            name=None,
            intent=f"pi_{checkout_id}",
            amount=order.amount,
            tags=Tags(order.site, order.attempt),
        )
        tags = Tags(order.site, order.attempt)
        intent = Intent(f"pi_{checkout_id}", "succeeded", order.amount, AT, tags, customer=None, charge=charge)
        self.intents[intent.id] = intent
        paid = replace(self.checkouts_made[checkout_id], status="complete", payment_status="paid", intent=intent.id)
        self.checkouts_made[checkout_id] = paid

    def expire_checkout(self, checkout_id: str) -> bool:
        if self.checkout(checkout_id).status == "complete":
            return True
        if self.checkout(checkout_id).status == "open":
            self.checkouts_made[checkout_id] = replace(self.checkouts_made[checkout_id], status="expired")
        return False

    def checkout(self, checkout_id: str) -> Checkout:
        if checkout_id not in self.checkouts_made:
            raise GoneAtStripe(checkout_id)
        return self.checkouts_made[checkout_id]

    def intent(self, intent_id: str) -> Intent:
        if intent_id not in self.intents:
            raise GoneAtStripe(intent_id)
        return self.intents[intent_id]

    def subscription(self, subscription_id: str) -> Subscription:
        raise GoneAtStripe(subscription_id)

    def invoice(self, invoice_id: str) -> Invoice:
        raise GoneAtStripe(invoice_id)

    def set_cancellation(self, subscription_id: str, *, at_period_end: bool) -> None:
        raise GoneAtStripe(subscription_id)

    def cancel(self, subscription_id: str) -> None:
        raise GoneAtStripe(subscription_id)

    def change_amount(self, subscription_id: str, amount: Money) -> None:
        raise GoneAtStripe(subscription_id)

    def preview(self, subscription_id: str, amount: Money) -> Terms | None:
        raise GoneAtStripe(subscription_id)

    def pause(self, subscription_id: str, kind: str, *, until: datetime) -> None:
        raise GoneAtStripe(subscription_id)

    def end_pause(self, subscription_id: str, *, charge_now: bool) -> None:
        raise GoneAtStripe(subscription_id)

    def move_charge(self, subscription_id: str, to: datetime) -> None:
        raise GoneAtStripe(subscription_id)

    def change_at_period_end(self, subscription_id: str, amount: Money, cadence: str) -> None:
        raise GoneAtStripe(subscription_id)

    def release_schedule(self, schedule_id: str) -> None:
        raise GoneAtStripe(schedule_id)

    def card_page(self, customer: str, *, return_url: str, language: str) -> str:
        raise GoneAtStripe(customer)

    def void_invoice(self, invoice_id: str) -> None:
        raise GoneAtStripe(invoice_id)

    def change_customer_email(self, customer_id: str, email: str) -> None:
        raise GoneAtStripe(customer_id)

    def delete_customer(self, customer_id: str) -> None:
        raise GoneAtStripe(customer_id)

    def refund(self, refund_id: str) -> RefundSeen:
        if refund_id not in self.refunded:
            raise GoneAtStripe(refund_id)
        return self.refunded[refund_id]

    def create_refund(self, order: RefundOrder) -> RefundSeen:
        intent = self.intent(order.intent)
        made = RefundSeen(
            id=f"re_{order.reference}",
            status="succeeded",
            amount=order.amount,
            intent=intent.id,
            charge=intent.charge.id if intent.charge else None,
            reason=order.reason,
            failure=None,
            created_at=AT,
            reference=order.reference,
        )
        return self.refunded.setdefault(made.id, made)

    def dispute(self, dispute_id: str) -> DisputeSeen:
        raise GoneAtStripe(dispute_id)

    def payout(self, payout_id: str) -> PayoutSeen:
        raise GoneAtStripe(payout_id)

    def payout_lines(self, payout_id: str) -> Iterator[BalanceTransaction]:
        yield from ()

    def balance_transactions(
        self, since: datetime | None, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        yield from ()

    def events(self, types: Sequence[str], since: datetime | None) -> Iterator[EventSeen]:
        yield from ()

    def event(self, event_id: str) -> EventSeen:
        raise GoneAtStripe(event_id)

    def checkouts(self, since: datetime | None) -> Iterator[Checkout]:
        yield from self.checkouts_made.values()

    def charges(self, since: datetime | None) -> Iterator[Charge]:
        yield from (intent.charge for intent in self.intents.values() if intent.charge)

    def subscriptions(self, since: datetime | None) -> Iterator[Subscription]:
        yield from ()

    def invoices(self, since: datetime | None) -> Iterator[Invoice]:
        yield from ()

    def open_invoices(self, subscription_id: str) -> Iterator[Invoice]:
        yield from ()

    def refunds(self, since: datetime | None) -> Iterator[RefundSeen]:
        yield from self.refunded.values()

    def disputes(self, since: datetime | None) -> Iterator[DisputeSeen]:
        yield from ()

    def payouts(self, since: datetime | None) -> Iterator[PayoutSeen]:
        yield from ()

    def balance(self) -> dict[str, int]:
        return {}

    def ensure_product(self, product_id: str, name: str) -> None:
        self.products.setdefault(product_id, name)

    def ensure_endpoint(self, url: str, types: Sequence[str], *, roll: bool) -> str | None:
        is_new = url not in self.endpoints or roll
        self.endpoints[url] = types
        return "whsec_invented" if is_new else None
