"""Which ways of paying the account offers: at Stripe a setting of the Dashboard, here `/_sandbox/settings`.

https://docs.stripe.com/payments/payment-methods/dynamic-payment-methods
"""

from flask import Flask, Response, jsonify, request

from membership.stripe_sandbox.protocol.errors import ApiError, invalid, missing_parameter, unknown_parameter
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store

KEY = "sandbox_payment_method_settings"
CARD, DEBIT, WALLET = "card", "sepa_debit", "apple_pay"
WAYS = (CARD, DEBIT, WALLET)
DEFAULT = [CARD]


def switched_on(store: Store) -> list[str]:
    """Returns the ways of paying that the account has switched on."""
    kept = store.get(KEY)
    return list(kept["payment_methods"]) if kept else DEFAULT


def offered(store: Store, currency: str) -> list[str]:
    """Returns the `payment_method_types` of a session: a debit needs euros, and a wallet is a card to Stripe."""
    return [way for way in switched_on(store) if way == CARD or (way == DEBIT and currency == "eur")]


def has_wallet(store: Store) -> bool:
    """Tells whether the hosted page shows a wallet's button."""
    return WALLET in switched_on(store)


def change_settings(store: Store, changes: Json) -> list[str]:
    """Chooses the ways of paying. Raises ApiError for an unknown one, or without card, which serves every currency."""
    if changes.keys() - {"payment_methods"}:
        raise unknown_parameter(min(changes.keys() - {"payment_methods"}))
    if "payment_methods" not in changes:
        raise missing_parameter("payment_methods")
    ways = changes["payment_methods"]
    if not isinstance(ways, list) or not all(way in WAYS for way in ways) or CARD not in ways:
        listed = ", ".join(WAYS)
        raise invalid(f"payment_methods must be a list with card in it, of {listed}, not {ways!r}.", "payment_methods")
    chosen = [way for way in WAYS if way in ways]
    with store.transaction():
        store.put({"id": KEY, "object": "sandbox.payment_method_settings", "payment_methods": chosen})
    return chosen


def add_settings(app: Flask, store: Store) -> None:
    """Adds `GET` and `POST /_sandbox/settings`, which take and answer one JSON object."""

    @app.get("/_sandbox/settings")
    def payment_method_settings() -> Response:
        return jsonify({"payment_methods": switched_on(store)})

    @app.post("/_sandbox/settings")
    def changed_payment_method_settings() -> Response:
        changes = request.get_json(silent=True)
        if not isinstance(changes, dict):
            raise ApiError(400, "Send one JSON object.")
        return jsonify({"payment_methods": change_settings(store, changes)})
