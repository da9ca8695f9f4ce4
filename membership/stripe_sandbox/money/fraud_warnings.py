"""Early fraud warnings: the card network suspects a charge before anybody disputes it.

Source: https://docs.stripe.com/disputes/measuring#early-fraud-warnings.
"""

import stripe
from stripe.params import radar

from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, put_change

KIND = "radar.early_fraud_warning"
# https://docs.stripe.com/api/radar/early_fraud_warnings/object#early_fraud_warning_object-fraud_type
FRAUD_TYPES = (
    "card_never_received",
    "fraudulent_card_application",
    "made_with_counterfeit_card",
    "made_with_lost_card",
    "made_with_stolen_card",
    "misc",
    "unauthorized_use_of_card",
)


def warn_of_fraud(store: Store, charge: Json, fraud_type: str = FRAUD_TYPES[-1], *, now: int) -> Json:
    """Makes a warning about a succeeded charge; it can be acted on until the charge is refunded or disputed."""
    warning = whole(
        stripe.radar.EarlyFraudWarning,
        id=new_id(KIND),
        actionable=not (charge["refunded"] or charge["disputed"]),
        charge=charge["id"],
        created=now,
        fraud_type=fraud_type,
        payment_intent=charge["payment_intent"],
    )
    store.put(warning)
    emit(store, f"{KIND}.created", warning, now=now)
    return warning


def settle_warnings(store: Store, charge: Json, *, now: int) -> None:
    """Notes that nothing is left to do about the warnings of a charge: it was refunded wholly, or is disputed."""
    for warning in store.every(KIND, charge=charge["id"]):
        if warning["actionable"]:
            put_change(store, f"{KIND}.updated", warning, warning | {"actionable": False}, now=now)


ROUTES = (
    route(
        "GET", "/v1/radar/early_fraud_warnings", radar.EarlyFraudWarningListParams,
        listing(KIND, "/v1/radar/early_fraud_warnings", {"charge": "charge", "payment_intent": "payment_intent"}),
        modelled="charge created payment_intent" + CURSOR,
    ),
    route(
        "GET", "/v1/radar/early_fraud_warnings/{id}", radar.EarlyFraudWarningRetrieveParams,
        retrieving(KIND),
    ),
)  # fmt: skip
