"""The gateway over the real Stripe API (or the sandbox, which speaks the same)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from membership.payments.gateway import GoneAtStripe, StripeRefused
from membership.payments.records import (
    Checkout,
    CheckoutOrder,
    DisputeSeen,
    Intent,
    Invoice,
    PayoutSeen,
    RefundOrder,
    RefundSeen,
    Subscription,
)
from membership.payments.setting_up import DONATION, PLEDGE
from membership.payments.stripe_gateway.changing import Changes
from membership.payments.stripe_gateway.client import API_VERSION, make_client, meaning_of_errors
from membership.payments.stripe_gateway.languages import locale_of
from membership.payments.stripe_gateway.lists import PAGE, Lists
from membership.payments.stripe_gateway.plain import Plain, checkout_of, intent_of, invoice_of, pages, single
from membership.payments.stripe_gateway.records import (
    ATTEMPT,
    REFUND,
    SITE,
    checkout_from,
    dispute_from,
    payout_from,
    refund_from,
)
from membership.payments.stripe_gateway.subscriptions import CUSTOMER, METHOD, SCHEDULE, subscription_of

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams


class StripeGateway(Changes, Lists):
    """Speaks to Stripe with one key. Safe to share between threads."""

    def __init__(self, key: str, api_base: str | None = None) -> None:
        self._client = make_client(key, api_base)

    def create_checkout(self, order: CheckoutOrder) -> Checkout:
        with meaning_of_errors():
            return checkout_from(
                self._client.v1.checkout.sessions.create(_session_params(order), {"idempotency_key": order.key})
            )

    def expire_checkout(self, checkout_id: str) -> bool:
        try:
            with meaning_of_errors():
                self._client.v1.checkout.sessions.expire(checkout_id)
        except StripeRefused:
            # Complete or expired already; only Stripe knows which.
            return self.checkout(checkout_id).status == "complete"
        except GoneAtStripe:
            return False
        return False

    def checkout(self, checkout_id: str) -> Checkout:
        with meaning_of_errors():
            return checkout_of(single(self._client, "/v1/checkout/sessions", checkout_id))

    def intent(self, intent_id: str) -> Intent:
        with meaning_of_errors():
            found = single(self._client, "/v1/payment_intents", intent_id, "latest_charge")
            if SITE in (found.get("metadata") or {}):
                return intent_of(found)
            return intent_of(found, self._invoice_paid_by(found["id"]))

    def _invoice_paid_by(self, intent_id: str) -> Plain | None:
        # A renewal's intent bears no metadata of ours: its invoice does, by way of the subscription.
        paid_by = {"type": "payment_intent", "payment_intent": intent_id}
        wanted = {"payment": paid_by, "expand": ["data.invoice"], "limit": 1}
        payment = next(pages(self._client, "/v1/invoice_payments", wanted), None)
        return payment["invoice"] if payment and isinstance(payment["invoice"], dict) else None

    def subscription(self, subscription_id: str) -> Subscription:
        with meaning_of_errors():
            found = single(self._client, "/v1/subscriptions", subscription_id, CUSTOMER, METHOD, SCHEDULE)
            return subscription_of(found)

    def invoice(self, invoice_id: str) -> Invoice:
        with meaning_of_errors():
            return invoice_of(single(self._client, "/v1/invoices", invoice_id, "payments"))

    def set_cancellation(self, subscription_id: str, *, at_period_end: bool) -> None:
        with meaning_of_errors():
            self._client.v1.subscriptions.update(subscription_id, {"cancel_at_period_end": at_period_end})

    def cancel(self, subscription_id: str) -> None:
        with meaning_of_errors():
            self._client.v1.subscriptions.cancel(subscription_id)

    def void_invoice(self, invoice_id: str) -> None:
        with meaning_of_errors():
            if self._client.v1.invoices.retrieve(invoice_id).status in ("open", "uncollectible"):
                self._client.v1.invoices.void_invoice(invoice_id)

    def change_customer_email(self, customer_id: str, email: str) -> None:
        with meaning_of_errors():
            self._client.v1.customers.update(customer_id, {"email": email})

    def delete_customer(self, customer_id: str) -> None:
        with meaning_of_errors():
            self._client.v1.customers.delete(customer_id)

    def refund(self, refund_id: str) -> RefundSeen:
        with meaning_of_errors():
            return refund_from(self._client.v1.refunds.retrieve(refund_id))

    def create_refund(self, order: RefundOrder) -> RefundSeen:
        params: dict[str, Any] = {
            "payment_intent": order.intent,
            "amount": order.amount.minor,
            "metadata": {REFUND: order.reference},
        }
        if order.reason:
            params["reason"] = order.reason
        with meaning_of_errors():
            return refund_from(self._client.v1.refunds.create(_any(params), {"idempotency_key": order.key}))

    def dispute(self, dispute_id: str) -> DisputeSeen:
        with meaning_of_errors():
            return dispute_from(self._client.v1.disputes.retrieve(dispute_id))

    def payout(self, payout_id: str) -> PayoutSeen:
        with meaning_of_errors():
            return payout_from(self._client.v1.payouts.retrieve(payout_id))

    def balance(self) -> dict[str, int]:
        with meaning_of_errors():
            balance = self._client.v1.balance.retrieve()
        sums: dict[str, int] = {}
        for part in (*balance.available, *balance.pending, *(balance.connect_reserved or ())):
            currency = part.currency.upper()
            sums[currency] = sums.get(currency, 0) + part.amount
        return sums

    def ensure_product(self, product_id: str, name: str) -> None:
        try:
            with meaning_of_errors():
                self._client.v1.products.retrieve(product_id)
        except GoneAtStripe:
            with meaning_of_errors():
                self._client.v1.products.create({"id": product_id, "name": name})

    def ensure_endpoint(self, url: str, types: Sequence[str], *, roll: bool) -> str | None:
        with meaning_of_errors():
            ours = [
                each
                for each in self._client.v1.webhook_endpoints.list({"limit": PAGE}).auto_paging_iter()
                if each.url == url
            ]
            if ours and not roll:
                self._client.v1.webhook_endpoints.update(ours[0].id, {"enabled_events": _any(types)})
                return None
            made = self._client.v1.webhook_endpoints.create(
                {"url": url, "enabled_events": _any(types), "api_version": _any(API_VERSION)}
            )
            for each in ours:
                self._client.v1.webhook_endpoints.delete(each.id)
        return made.secret


def _session_params(order: CheckoutOrder) -> "SessionCreateParams":
    tags = {SITE: order.site, ATTEMPT: order.attempt}
    price: dict[str, Any] = {
        "currency": order.amount.currency.lower(),
        "unit_amount": order.amount.minor,
        "product": DONATION if order.cadence == "once" else PLEDGE,
    }
    params: dict[str, Any] = {
        "client_reference_id": order.attempt,
        "metadata": tags,
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "expires_at": int(order.expires_at.timestamp()),
        "locale": locale_of(order.language),
        "line_items": [{"price_data": price, "quantity": 1}],
    }
    if order.cadence == "once":
        params |= {"mode": "payment", "submit_type": "donate", "payment_intent_data": {"metadata": tags}}
    else:
        price["recurring"] = {"interval": order.cadence}
        params |= {"mode": "subscription", "subscription_data": {"metadata": tags}}
    # Never an existing customer: an address that was only typed must not lead to anybody's saved cards.
    if order.email:
        params["customer_email"] = order.email
    return cast("SessionCreateParams", params)


def _any(value: object) -> Any:
    # The SDK types its enums as literals; ours come from tables.
    return value
