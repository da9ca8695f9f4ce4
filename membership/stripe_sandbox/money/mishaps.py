"""What can befall money after the charge, brought about by hand under `/_sandbox`: by JSON or by a form.

At Stripe these come from banks, and in test mode from test cards and test bank accounts.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response

from membership.stripe_sandbox.money.adjustments import adjust
from membership.stripe_sandbox.money.balance import FEE_FIXED
from membership.stripe_sandbox.money.disputes import REASONS, open_dispute
from membership.stripe_sandbox.money.fraud_warnings import FRAUD_TYPES, warn_of_fraud
from membership.stripe_sandbox.money.payouts import FAILURES, fail, may_fail
from membership.stripe_sandbox.protocol.answers import back, sent
from membership.stripe_sandbox.protocol.api import shown
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, missing_parameter, no_such, unknown_parameter
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due

MOST_ADJUSTED = 99_999_999


def add_mishaps(app: Flask, store: Store, clock: Clock) -> None:
    """Adds the routes to the application."""

    def answer(act: Callable[[Store, Json, int], Json], *fields: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            made = act(store, _given(*fields), clock.now())
        return back(shown(store, made, now=clock.now()))

    @app.post("/_sandbox/disputes")
    def dispute() -> Response:
        return answer(_dispute, "charge", "payment_intent", "reason")

    @app.post("/_sandbox/fraud_warnings")
    def warn() -> Response:
        return answer(_warn, "charge", "payment_intent", "fraud_type")

    @app.post("/_sandbox/adjustments")
    def adjustment() -> Response:
        return answer(_adjust, "amount", "currency", "description")

    @app.post("/_sandbox/payouts/<payout_id>/failure")
    def failure(payout_id: str) -> Response:
        return answer(lambda store, given, now: _fail(store, payout_id, given, now), "code")


def _given(*fields: str) -> Json:
    given = sent()
    for name in given:
        if name not in fields:
            raise unknown_parameter(name)
    return given


def _dispute(store: Store, given: Json, now: int) -> Json:
    charge = _charge(store, given)
    reason = str(given.get("reason", "fraudulent"))
    if reason not in REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", "reason")
    if charge["refunded"]:
        raise ApiError(409, f"Charge {charge['id']} has been refunded: nothing is left to dispute.")
    if store.every("dispute", charge=charge["id"]):
        raise ApiError(409, f"Charge {charge['id']} has been disputed already.")
    return open_dispute(store, charge, reason, now=now)


def _warn(store: Store, given: Json, now: int) -> Json:
    charge = _charge(store, given)
    fraud_type = str(given.get("fraud_type", FRAUD_TYPES[-1]))
    if fraud_type not in FRAUD_TYPES:
        raise invalid(f"Invalid fraud_type: must be one of {', '.join(FRAUD_TYPES)}", "fraud_type")
    return warn_of_fraud(store, charge, fraud_type, now=now)


def _charge(store: Store, given: Json) -> Json:
    name = "charge" if "charge" in given else "payment_intent"
    if name not in given:
        raise missing_parameter("charge")
    object_id = str(given[name]).strip()
    kind = "payment_intent" if object_id.startswith("pi_") else "charge"
    found = store.get(object_id, kind)
    if found is None:
        raise no_such(name, object_id, param=name, status=400)
    charge = found if kind == "charge" else store.get(found["latest_charge"] or "", "charge")
    if charge is None or charge["status"] != "succeeded":
        raise invalid(f"{object_id} is not paid.", name)
    return charge


def _adjust(store: Store, given: Json, now: int) -> Json:
    amount = _integer(given.get("amount"))
    if not amount or abs(amount) > MOST_ADJUSTED:
        raise invalid(f"amount must be minor units, not 0, at most {MOST_ADJUSTED}.", "amount")
    currency = str(given.get("currency", "eur")).lower()
    if currency not in FEE_FIXED:
        raise invalid(f"The balance is kept in {', '.join(sorted(FEE_FIXED))}, not in {currency}.", "currency")
    return adjust(store, amount, currency, str(given.get("description", "Adjustment")), now=now)


def _integer(value: Any) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _fail(store: Store, payout_id: str, given: Json, now: int) -> Json:
    payout = store.get(payout_id, "payout")
    if payout is None:
        raise no_such("payout", payout_id)
    code = str(given.get("code", "account_closed"))
    if code not in FAILURES:
        raise invalid(f"Invalid code: must be one of {', '.join(FAILURES)}", "code")
    if not may_fail(payout, now=now):
        raise ApiError(409, f"Payout {payout_id} cannot fail any more; its status is {payout['status']}.")
    return fail(store, payout, code, now=now)
