"""Changes of a running subscription: what it takes next, when, with which card, and what it does for a while."""

from datetime import datetime
from typing import Any

import stripe

from membership.money import Money
from membership.payments.gateway import GoneAtStripe, StripeRefused
from membership.payments.records import Terms
from membership.payments.setting_up import PLEDGE
from membership.payments.stripe_gateway.client import meaning_of_errors
from membership.payments.stripe_gateway.languages import locale_of
from membership.payments.stripe_gateway.records import PAUSE, moment

# By this mark we know our own configuration of Stripe's portal again.
PORTAL = {"membership_portal": "card"}


class Changes:
    """What a patron may change of a subscription. Each call may be made again and then changes nothing more."""

    _client: stripe.StripeClient
    _portal: str | None = None

    def change_amount(self, subscription_id: str, amount: Money) -> None:
        with meaning_of_errors():
            item = self._client.v1.subscriptions.retrieve(subscription_id)["items"].data[0]
            price = _price(amount, item.price.recurring.interval)
            self._client.v1.subscriptions.update(
                subscription_id,
                {
                    "items": [{"id": item.id, "price_data": price, "quantity": 1}],
                    "proration_behavior": "none",
                    "payment_behavior": "error_if_incomplete",
                },
            )

    def preview(self, subscription_id: str, amount: Money) -> Terms | None:
        with meaning_of_errors():
            item = self._client.v1.subscriptions.retrieve(subscription_id)["items"].data[0]
            price = _price(amount, item.price.recurring.interval)
            details: Any = {
                "items": [{"id": item.id, "price_data": price, "quantity": 1}],
                "proration_behavior": "none",
            }
            try:
                seen = self._client.v1.invoices.create_preview(
                    {"subscription": subscription_id, "subscription_details": details}
                )
            except stripe.InvalidRequestError as error:
                if error.code == "invoice_upcoming_none":
                    return None
                raise
        total = Money(seen.amount_due, seen.currency.upper())
        return Terms(total, item.price.recurring.interval, moment(seen.lines.data[0].period.start))

    def pause(self, subscription_id: str, kind: str, *, until: datetime) -> None:
        with meaning_of_errors():
            self._client.v1.subscriptions.update(
                subscription_id,
                {
                    "pause_collection": {"behavior": "void", "resumes_at": int(until.timestamp())},
                    "metadata": {PAUSE: kind},
                },
            )

    def end_pause(self, subscription_id: str, *, charge_now: bool) -> None:
        params: Any = {"pause_collection": "", "metadata": {PAUSE: ""}}
        if charge_now:
            params |= {
                "billing_cycle_anchor": {"type": "now"},
                "proration_behavior": "none",
                "payment_behavior": "error_if_incomplete",
            }
        with meaning_of_errors():
            self._client.v1.subscriptions.update(subscription_id, params)

    def move_charge(self, subscription_id: str, to: datetime) -> None:
        with meaning_of_errors():
            self._client.v1.subscriptions.update(
                subscription_id, {"trial_end": int(to.timestamp()), "proration_behavior": "none"}
            )

    def change_at_period_end(self, subscription_id: str, amount: Money, cadence: str) -> None:
        with meaning_of_errors():
            made = self._client.v1.subscription_schedules.create({"from_subscription": subscription_id})
            try:
                self._client.v1.subscription_schedules.update(made.id, _phases(made, amount, cadence))
            except stripe.StripeError:
                # A schedule that says nothing new would still be in the way of other changes.
                self._client.v1.subscription_schedules.release(made.id)
                raise

    def release_schedule(self, schedule_id: str) -> None:
        with meaning_of_errors():
            if self._client.v1.subscription_schedules.retrieve(schedule_id).status in ("not_started", "active"):
                self._client.v1.subscription_schedules.release(schedule_id)

    def card_page(self, customer: str, *, return_url: str, language: str) -> str:
        params: Any = {
            "customer": customer,
            "return_url": return_url,
            "locale": locale_of(language),
            "flow_data": {
                "type": "payment_method_update",
                "after_completion": {"type": "redirect", "redirect": {"return_url": return_url}},
            },
        }
        try:
            with meaning_of_errors():
                params["configuration"] = self._configured()
                return self._client.v1.billing_portal.sessions.create(params).url
        except (GoneAtStripe, StripeRefused):
            # Somebody may have removed our configuration in the Dashboard.
            self._portal = None
            raise

    def _configured(self) -> str:
        """Returns our configuration of the portal: it takes a new card, and nothing else."""
        if self._portal is None:
            listed = self._client.v1.billing_portal.configurations.list({"active": True, "limit": 100})
            ours = (each.id for each in listed.auto_paging_iter() if PORTAL.items() <= _marks(each).items())
            self._portal = next(ours, None) or self._client.v1.billing_portal.configurations.create(_only_card()).id
        return self._portal


def _marks(configuration: stripe.billing_portal.Configuration) -> dict[str, str]:
    return configuration.metadata.to_dict() if configuration.metadata else {}


def _only_card() -> Any:
    off = {"enabled": False}
    features = {
        "payment_method_update": {"enabled": True},
        **dict.fromkeys(("customer_update", "invoice_history", "subscription_cancel", "subscription_update"), off),
    }
    return {"features": features, "metadata": PORTAL}


def _price(amount: Money, interval: str) -> Any:
    return {
        "currency": amount.currency.lower(),
        "unit_amount": amount.minor,
        "product": PLEDGE,
        "recurring": {"interval": interval},
    }


def _phases(made: stripe.SubscriptionSchedule, amount: Money, cadence: str) -> Any:
    current = made.phases[0]
    stays = {"price": current["items"][0].price, "quantity": current["items"][0].quantity or 1}
    return {
        "end_behavior": "release",
        "phases": [
            {
                "items": [stays],
                "start_date": current.start_date,
                "end_date": current.end_date,
                "proration_behavior": "none",
            },
            {
                "items": [{"price_data": _price(amount, cadence), "quantity": 1}],
                "duration": {"interval": cadence, "interval_count": 1},
                "proration_behavior": "none",
            },
        ],
    }
