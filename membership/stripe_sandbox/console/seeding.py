"""A past for demos and tests: patrons and donors as if they had come long ago, by the same steps as at Checkout."""

from dataclasses import dataclass
from typing import Any

from membership.stripe_sandbox.billing.subscription_changes import update_subscription
from membership.stripe_sandbox.payments.cards import CARDS
from membership.stripe_sandbox.payments.checkout import create_session
from membership.stripe_sandbox.payments.paying import Payer, pay
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, missing_parameter, unknown_parameter
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due
from membership.stripe_sandbox.webhooks.events import DAYS_KEPT

DAY = 86_400
HOURS_AFTER = 2 * 3600
LONGEST_AGO = 10 * 366
GOOD_CARD = next(number for number, card in CARDS.items() if card.at_checkout is None and card.later is None)
NEEDED = {"email": str, "amount_minor": int, "currency": str}
PATRON = {"interval": str, "started_days_ago": int}
DONATION = {"days_ago": int}
OPTIONAL = {"name": str, "metadata": dict, "product": str, "client_reference_id": str}


@dataclass(frozen=True)
class Arrival:
    """Somebody who paid for the first time `days_ago`, and where the answer lists what was made."""

    kind: str
    index: int
    row: Json
    days_ago: int


def seed(store: Store, body: Json, *, now: int) -> Json:
    """Makes patrons and donations in the past, with renewals up to now, and answers their ids.

    Raises ApiError for a row that is wrong; then nothing of any row stands, unless Stripe's own rules refuse a later
    one.
    """
    if body.keys() - {"patrons", "donations"}:
        raise unknown_parameter(min(body.keys() - {"patrons", "donations"}))
    arrivals = [
        *_arrivals(body, "patrons", PATRON | {"cancelled": bool}, "started_days_ago"),
        *_arrivals(body, "donations", DONATION, "days_ago"),
    ]
    sessions: dict[tuple[str, int], str] = {}
    with store.seeding():
        store.memory_begins = now - DAYS_KEPT * DAY
        _live_through(store, arrivals, sessions, now=now)
    return _summary(store, arrivals, sessions)


def _live_through(store: Store, arrivals: list[Arrival], sessions: dict[tuple[str, int], str], *, now: int) -> None:
    """Goes through the days one by one, each in one transaction: what falls due, then who arrives."""
    waiting = [each for _, each in sorted(enumerate(arrivals), key=lambda pair: (pair[1].days_ago, -pair[0]))]
    for days_ago in range(max((each.days_ago for each in arrivals), default=0), -1, -1):
        at = now - days_ago * DAY
        with store.transaction():
            run_due(store, now=at)
            while waiting and waiting[-1].days_ago == days_ago:
                arrival = waiting.pop()
                sessions[arrival.kind, arrival.index] = _arrive(store, arrival, now=at)
            # What began at this hour is finished in the same transaction, and so written once.
            run_due(store, now=min(now, at + HOURS_AFTER))


def _arrivals(body: Json, kind: str, fields: dict[str, Any], age: str) -> list[Arrival]:
    rows = body.get(kind, [])
    if not isinstance(rows, list):
        raise invalid(f"{kind} must be a list.", kind)
    required = NEEDED | {name: expected for name, expected in fields.items() if name != "cancelled"}
    for index, row in enumerate(rows):
        _check(row, required, fields | OPTIONAL, f"{kind}[{index}]")
    return [Arrival(kind, index, row, row[age]) for index, row in enumerate(rows)]


def _check(row: Any, required: dict[str, Any], known: dict[str, Any], at: str) -> None:
    if not isinstance(row, dict):
        raise invalid(f"{at} must be an object.", at)
    for name in required:
        if name not in row:
            raise missing_parameter(f"{at}[{name}]")
    for name, value in row.items():
        expected = (required | known).get(name)
        if expected is None:
            raise unknown_parameter(f"{at}[{name}]")
        if not isinstance(value, expected) or (expected is int and (isinstance(value, bool) or value < 0)):
            raise invalid(f"{at}[{name}] must be {expected.__name__}, not {value!r}.", f"{at}[{name}]")
    for key, value in row.get("metadata", {}).items():
        if not isinstance(value, str):
            raise invalid(f"{at}[metadata][{key}] must be text, not {value!r}.", f"{at}[metadata][{key}]")
    for name in ("started_days_ago", "days_ago"):
        if row.get(name, 0) > LONGEST_AGO:
            raise invalid(f"{at}[{name}] must be at most {LONGEST_AGO} days.", f"{at}[{name}]")
    if row.get("interval", "month") not in ("month", "year"):
        raise invalid(f"{at}[interval] must be month or year.", f"{at}[interval]")


def _arrive(store: Store, arrival: Arrival, *, now: int) -> str:
    row = arrival.row
    call = Call(store, checkout_params(row), "", base_url="http://localhost", now=now)
    session = create_session(call)
    payer = Payer(row["email"], row.get("name", ""), GOOD_CARD, (12, 2090))
    if pay(store, session, payer, now=now):
        raise ApiError(500, "The good card was declined.", kind="api_error")
    if row.get("cancelled"):
        ending = Call(store, {"cancel_at_period_end": True}, session["subscription"], "", now + DAY // 24)
        update_subscription(ending)
    return str(session["id"])


def checkout_params(row: Json) -> Json:
    """Returns what the Checkout session of a row is made from."""
    recurring = "interval" in row
    price: Json = {
        "currency": row["currency"],
        "unit_amount": row["amount_minor"],
        "product": row.get("product", "membership_pledge" if recurring else "membership_donation"),
    }
    if recurring:
        price["recurring"] = {"interval": row["interval"]}
    metadata = row.get("metadata", {})
    params: Json = {
        "customer_email": row["email"],
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": metadata,
        "mode": "subscription" if recurring else "payment",
        "subscription_data" if recurring else "payment_intent_data": {"metadata": metadata},
        "success_url": "http://localhost/",
    }
    if "client_reference_id" in row:
        params["client_reference_id"] = row["client_reference_id"]
    return params


def _summary(store: Store, arrivals: list[Arrival], sessions: dict[tuple[str, int], str]) -> Json:
    made: Json = {"patrons": [], "donations": []}
    for arrival in arrivals:
        session = store.must(sessions[arrival.kind, arrival.index])
        entry = {"email": arrival.row["email"], "checkout_session": session["id"]}
        if arrival.kind == "patrons":
            path = {"parent__subscription_details__subscription": session["subscription"]}
            invoices = store.ids("invoice", **path)
            entry |= {"customer": session["customer"], "subscription": session["subscription"], "invoices": invoices}
        else:
            entry["payment_intent"] = session["payment_intent"]
        made[arrival.kind].append(entry)
    counts = {kind: len(made[kind]) for kind in ("patrons", "donations")}
    counts["invoices"] = sum(len(entry["invoices"]) for entry in made["patrons"])
    return made | {"counts": counts}


def reset(store: Store, *, everything: bool) -> None:
    """Empties the sandbox; webhook endpoints and products stay unless everything goes. The clock keeps its time."""
    kept = "" if everything else " WHERE kind NOT IN ('webhook_endpoint', 'product')"
    with store.transaction():
        for table in ("objects", "facets"):
            store.rows(f"DELETE FROM {table}{kept}")  # noqa: S608 - both words are constants
        for table in ("balance_lines", "idempotency_keys", "deliveries", "tries"):
            store.rows(f"DELETE FROM {table}")  # noqa: S608 - a constant
        store.forget_copies()
        store.age += 1
