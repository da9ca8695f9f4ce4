"""Billing settings that stand in Stripe's Dashboard alone, kept in the state and changed at `/_sandbox/billing`."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, Response, jsonify, request

from membership.stripe_sandbox.protocol.errors import ApiError, invalid, unknown_parameter
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store

KEY = "sandbox_billing_settings"
ENDINGS = ("canceled", "past_due", "unpaid")
MOST_DAYS = 45


@dataclass(frozen=True)
class BillingSettings:
    """`upcoming_days`: how long before a renewal `invoice.upcoming` comes. `failed_renewal`: the last failure's status.

    Stripe offers both under https://docs.stripe.com/billing/subscriptions/webhooks and
    https://docs.stripe.com/billing/revenue-recovery/smart-retries; these are its defaults.
    """

    upcoming_days: int = 7
    failed_renewal: str = "canceled"


def billing_settings(store: Store) -> BillingSettings:
    """Returns the settings as they stand."""
    kept = store.get(KEY)
    return BillingSettings(**kept["settings"]) if kept else BillingSettings()


def change_settings(store: Store, changes: Json) -> BillingSettings:
    """Changes some settings and returns all. Raises ApiError for an unknown name or a value that cannot be."""
    kept = asdict(billing_settings(store))
    unknown = changes.keys() - kept.keys()
    if unknown:
        raise unknown_parameter(min(unknown))
    settings = BillingSettings(**(kept | changes))
    _check(settings)
    with store.transaction():
        store.put({"id": KEY, "object": "sandbox.billing_settings", "settings": asdict(settings)})
    return settings


def _check(settings: BillingSettings) -> None:
    days: Any = settings.upcoming_days
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise invalid(f"upcoming_days must be a whole number from 1 to {MOST_DAYS}, not {days!r}.", "upcoming_days")
    if settings.failed_renewal not in ENDINGS:
        listed = ", ".join(ENDINGS)
        raise invalid(f"failed_renewal must be one of {listed}, not {settings.failed_renewal!r}.", "failed_renewal")


def add_billing_settings(app: Flask, store: Store) -> None:
    """Adds `GET` and `POST /_sandbox/billing`, which take and answer one JSON object."""

    @app.get("/_sandbox/billing")
    def shown_settings() -> Response:
        return jsonify(asdict(billing_settings(store)))

    @app.post("/_sandbox/billing")
    def changed_settings() -> Response:
        changes = request.get_json(silent=True)
        if not isinstance(changes, dict):
            raise ApiError(400, "Send one JSON object.")
        return jsonify(asdict(change_settings(store, changes)))
