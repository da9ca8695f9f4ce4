"""Payouts: available money on its way to the newsroom's bank account, by the schedule or by hand.

Source: https://docs.stripe.com/payouts. A payout waits half a day, is in transit for two business days, and is paid.
"""

import operator
from datetime import UTC, datetime

import stripe
from stripe import params

from membership.stripe_sandbox.money.balance import FEE_FIXED, sums_at
from membership.stripe_sandbox.money.balance_settings import DAY, midnight_before, settings_of
from membership.stripe_sandbox.money.booking import book
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import page
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change

BANK_ACCOUNT = "ba_1SandboxNewsroomBank00"
SUBMITTED_AFTER = DAY // 2
BUSINESS_DAYS = 2
FRIDAY = 4
LONGEST_DESCRIPTOR = 22
MAY_STILL_FAIL = 7 * DAY
COMPARES = {"eq": operator.eq, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
# https://docs.stripe.com/api/payouts/failures
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "account_frozen": "The bank account has been frozen.",
    "could_not_process": "The bank could not process this payout.",
    "declined": "The bank has declined this payout.",
    "no_account": "The bank account details on file are probably incorrect. No bank account could be located.",
}


def pay_out(store: Store, currency: str, amount: int, *, automatic: bool, now: int, **fields: object) -> Json:
    """Sends minor units of what is available to the bank, and takes them from the balance."""
    arrival = _arrival(now)
    payout = whole(
        stripe.Payout,
        id=new_id("payout"),
        amount=amount,
        arrival_date=arrival,
        automatic=automatic,
        created=now,
        currency=currency,
        destination=BANK_ACCOUNT,
        method="standard",
        reconciliation_status="in_progress" if automatic else "not_applicable",
        source_type="card",
        status="pending",
        trace_id={"status": "pending", "value": None},
        type="bank_account",
        **({"description": "STRIPE PAYOUT"} | fields),
    )
    taken = book(store, "payout", -amount, currency, source=payout, now=now)
    payout["balance_transaction"] = taken["id"]
    _keep(store, payout)
    emit(store, "payout.created", payout, now=now)
    return payout


def pay_out_available(store: Store, *, now: int) -> None:
    """Pays out all that is available of each currency, as the schedule does; what is owed to Stripe waits."""
    descriptor = settings_of(store)["payments"]["payouts"]["statement_descriptor"]
    for currency, (available, _) in sums_at(store, now=now).items():
        if available > 0:
            payout = pay_out(store, currency, available, automatic=True, statement_descriptor=descriptor, now=now)
            _take_lines(store, payout, now=now)


def _take_lines(store: Store, payout: Json, *, now: int) -> None:
    """Remembers which balance transactions an automatic payout contains; with its own they add up to nothing."""
    taken = "currency = ? AND available_on <= ?"
    store.rows(
        f"INSERT INTO facets SELECT 'balance_transaction', 'payout', ?, id FROM balance_lines WHERE {taken}",  # noqa: S608 - a constant
        payout["id"], payout["currency"], now,
    )  # fmt: skip
    store.rows(f"DELETE FROM balance_lines WHERE {taken}", payout["currency"], now)  # noqa: S608 - a constant


def _arrival(now: int) -> int:
    """Returns the midnight that begins the second business day after the day of `now`."""
    day, left = midnight_before(now), BUSINESS_DAYS
    while left:
        day += DAY
        left -= datetime.fromtimestamp(day, UTC).weekday() <= FRIDAY
    return day


def _keep(store: Store, payout: Json) -> Json:
    due = {"pending": payout["created"] + SUBMITTED_AFTER, "in_transit": payout["arrival_date"]}
    return store.put(payout, due_at=due.get(payout["status"]))


def pass_due(store: Store, payout: Json, *, now: int) -> None:
    """Hands a pending payout to the bank, or marks one in transit as paid."""
    if payout["status"] == "pending":
        sent = _keep(store, payout | {"status": "in_transit"})
        emit_change(store, "payout.updated", payout, sent, now=now)
        if sent["automatic"]:
            known = _keep(store, sent | {"reconciliation_status": "completed"})
            emit_change(store, "payout.reconciliation_completed", sent, known, now=now)
        return
    trace = {"status": "supported", "value": f"SANDBOX{payout['id'][-12:].upper()}"}
    paid = _keep(store, payout | {"status": "paid", "trace_id": trace})
    emit_change(store, "payout.paid", payout, paid, now=now)


def may_fail(payout: Json, *, now: int) -> bool:
    """Tells whether the bank can still send a payout back: until a week after it should have arrived."""
    return payout["status"] not in ("canceled", "failed") and now <= payout["arrival_date"] + MAY_STILL_FAIL


def fail(store: Store, payout: Json, code: str, *, now: int) -> Json:
    """Lets the bank send a payout back for one of the `FAILURES`; the next payout tries again with the same money."""
    failure = {"failure_code": code, "failure_message": FAILURES[code], "status": "failed"}
    return _return(store, payout, "payout_failure", failure, now=now)


def _return(store: Store, payout: Json, kind: str, changes: Json, *, now: int) -> Json:
    back = book(store, kind, payout["amount"], payout["currency"], source=payout, category="payout_reversal", now=now)
    ended = _keep(store, payout | changes | {"failure_balance_transaction": back["id"]})
    emit_change(store, f"payout.{ended['status']}", payout, ended, now=now)
    return ended


def create_payout(call: Call) -> Json:
    """Pays out by hand; nobody but the caller knows what such a payout contains."""
    currency, amount = call.params["currency"].lower(), call.params["amount"]
    if currency not in FEE_FIXED:
        message = f"You have no external account for {currency.upper()}. Use one of {', '.join(sorted(FEE_FIXED))}."
        raise invalid(message, "currency")
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", code="parameter_invalid_integer")
    if call.get("method", "standard") != "standard":
        raise not_modelled("method", "This sandbox has no instant payouts.")
    descriptor = call.get("statement_descriptor") or None
    if descriptor and len(descriptor) > LONGEST_DESCRIPTOR:
        message = f"The statement descriptor must be at most {LONGEST_DESCRIPTOR} characters."
        raise invalid(message, "statement_descriptor")
    available, _ = sums_at(call.store, now=call.now).get(currency, (0, 0))
    if amount > available:
        message = "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low."
        raise ApiError(400, message, code="balance_insufficient")
    fields = {"metadata": metadata(call.params), "statement_descriptor": descriptor}
    if call.get("description"):
        fields["description"] = call.params["description"]
    return pay_out(call.store, currency, amount, automatic=False, now=call.now, **fields)


def update_payout(call: Call) -> Json:
    """Changes metadata."""
    before = call.found("payout")
    if "metadata" not in call.params:
        return before
    after = _keep(call.store, before | {"metadata": changed_metadata(before, call.params)})
    if after != before:
        emit_change(call.store, "payout.updated", before, after, now=call.now)
    return after


def cancel_payout(call: Call) -> Json:
    """Gives up a payout by hand that the bank does not have yet."""
    payout = call.found("payout")
    if payout["automatic"]:
        raise ApiError(400, "You cannot cancel automatic payouts.")
    if payout["status"] != "pending":
        message = f"Payouts can only be canceled while they are pending; this one has a status of {payout['status']}."
        raise ApiError(400, message)
    return _return(call.store, payout, "payout_cancel", {"status": "canceled"}, now=call.now)


def list_payouts(call: Call) -> Json:
    """Answers payouts by status, creation or arrival."""
    where: dict[str, tuple[str, ...]] = {}
    if "status" in call.params:
        where["status"] = (call.params["status"],)
    if "arrival_date" in call.params:
        where["arrival_date"] = _arrivals(call)
    return page(call, "payout", "/v1/payouts", where)


def _arrivals(call: Call) -> tuple[str, ...]:
    wanted = call.params["arrival_date"]
    bounds = {"eq": wanted} if isinstance(wanted, int) else wanted
    known = call.store.values("payout", "arrival_date")
    return tuple(day for day in known if all(COMPARES[each](int(day), bound) for each, bound in bounds.items()))


ROUTES = (
    route(
        "POST", "/v1/payouts", params.PayoutCreateParams, create_payout,
        modelled="amount currency description metadata method statement_descriptor",
    ),
    route(
        "GET", "/v1/payouts", params.PayoutListParams, list_payouts,
        modelled="arrival_date created status" + CURSOR,
    ),
    route("GET", "/v1/payouts/{id}", params.PayoutRetrieveParams, retrieving("payout")),
    route("POST", "/v1/payouts/{id}", params.PayoutUpdateParams, update_payout, modelled="metadata"),
    route("POST", "/v1/payouts/{id}/cancel", params.PayoutCancelParams, cancel_payout),
)  # fmt: skip
