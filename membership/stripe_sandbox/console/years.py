"""A believable year, lived through at once: the acts of a story, each at its own moment, by the API's own steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from membership.stripe_sandbox.billing.subscription_changes import update_subscription
from membership.stripe_sandbox.console.seeding import DAY, GOOD_CARD, checkout_params
from membership.stripe_sandbox.console.stories import YEAR, Act, story_of
from membership.stripe_sandbox.money.disputes import open_dispute
from membership.stripe_sandbox.money.refunds import refund
from membership.stripe_sandbox.payments.cards import FAILS_LATER, attach
from membership.stripe_sandbox.payments.checkout import create_session
from membership.stripe_sandbox.payments.paying import Payer, pay
from membership.stripe_sandbox.payments.payment_methods import attach_to
from membership.stripe_sandbox.payments.products import add_product
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid, missing_parameter, unknown_parameter
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due
from membership.stripe_sandbox.webhooks.events import DAYS_KEPT

DECLINED_CARD = "4000000000009995"
EXPIRY = (12, 2090)
PRODUCTS = {"membership_pledge": "Patron of the newsroom", "membership_donation": "Donation"}
MOST_SEED = 2**53
FIELDS = ("metadata", "metadata_of", "seed", "unsent")


def live_year(store: Store, given: Json, *, now: int) -> Json:
    """Lives through the year of a story up to now, wholly or not at all, and answers what was done and made.

    `given` holds the `seed`, and may hold `metadata` for every gift, `metadata_of` single ones by their keys, and
    types of events that are `unsent`: webhook endpoints that name their types do not hear of these.
    Raises ApiError for anything else.
    """
    seed, metadata = _read(given)
    acts = story_of(seed)
    made: dict[str, Json] = {}
    with store.seeding(), store.transaction(), _unheard(store, given.get("unsent", [])):
        store.memory_begins = now - DAYS_KEPT * DAY
        _make_products(store, now=now - (YEAR + 2) * DAY)
        for act in acts:
            at = now - act.days_ago * DAY - act.minutes * 60
            run_due(store, now=at)
            _do(store, act, made, metadata | given.get("metadata_of", {}).get(act.key, {}), now=at)
        run_due(store, now=now)
    return {"seed": seed, "acts": [asdict(act) for act in acts], "made": list(made.values())}


def plan_year(given: Json) -> Json:
    """Answers the story of a seed without living it. Raises ApiError for anything but a seed."""
    seed, _ = _read(given)
    return {"seed": seed, "acts": [asdict(act) for act in story_of(seed)]}


def _read(given: Json) -> tuple[int, dict[str, str]]:
    for name in sorted(given.keys() - set(FIELDS)):
        raise unknown_parameter(f"year[{name}]")
    if "seed" not in given:
        raise missing_parameter("year[seed]")
    text = str(given["seed"])
    if not text.isdecimal() or int(text) > MOST_SEED:
        raise invalid(f"year[seed] must be a whole number, not {given['seed']!r}.", "year[seed]")
    of_each = given.get("metadata_of", {})
    if not isinstance(of_each, dict):
        raise invalid("year[metadata_of] must be an object of objects.", "year[metadata_of]")
    for name, metadata in {"metadata": given.get("metadata", {}), **of_each}.items():
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise invalid(f"The metadata {name} must be an object of texts.", f"year[{name}]")
    unsent = given.get("unsent", [])
    if not isinstance(unsent, list) or not all(isinstance(each, str) for each in unsent):
        raise invalid("year[unsent] must be a list of types of events.", "year[unsent]")
    return int(text), given.get("metadata", {})


@contextmanager
def _unheard(store: Store, types: list[str]) -> Iterator[None]:
    """Lets endpoints be as if they had not asked for these types; belongs into the transaction of what they miss."""
    endpoints = store.endpoints()
    for endpoint in endpoints:
        left = [each for each in endpoint["enabled_events"] if each not in types]
        store.put(endpoint | {"enabled_events": left})
    yield
    for endpoint in endpoints:
        store.put(endpoint)


def _make_products(store: Store, *, now: int) -> None:
    for own_id, name in PRODUCTS.items():
        if store.get(own_id, "product") is None:
            add_product(store, name, own_id=own_id, now=now)


def _do(store: Store, act: Act, made: dict[str, Json], metadata: dict[str, str], *, now: int) -> None:
    if act.kind in ("join", "give"):
        made[act.key] = _begin(store, act, metadata, now=now)
    elif act.kind in ("refund", "dispute"):
        _give_back(store, act, made[act.key], now=now)
    else:
        subscription = store.must(made[act.key]["subscription"])
        if subscription["ended_at"] is None:
            CHANGES[act.kind](store, act, subscription, now)


def _begin(store: Store, act: Act, metadata: dict[str, str], *, now: int) -> Json:
    given = act.details
    row = {name: given[name] for name in ("email", "amount_minor", "currency", "interval") if name in given}
    call = Call(store, checkout_params(row | {"metadata": metadata}), "", base_url="http://localhost", now=now)
    session = create_session(call)
    if given.get("declined_first"):
        pay(store, session, Payer(given["email"], given["name"], DECLINED_CARD, EXPIRY), now=now)
    number = FAILS_LATER if given.get("fails_later") else GOOD_CARD
    pay(store, session, Payer(given["email"], given["name"], number, EXPIRY), now=now + 60)
    session = store.must(session["id"])
    names = ("customer", "subscription", "payment_intent", "invoice")
    return {"key": act.key, "email": given["email"], "checkout_session": session["id"]} | {
        name: session[name] for name in names if session[name]
    }


def _give_back(store: Store, act: Act, gift: Json, *, now: int) -> None:
    charge = _charge(store, gift)
    if act.kind == "dispute":
        open_dispute(store, charge, act.details["reason"], now=now)
        return
    amount = charge["amount"] // act.details.get("share", 1)
    refund(store, charge, amount, reason=act.details.get("reason"), metadata={}, now=now)


def _charge(store: Store, gift: Json) -> Json:
    intent = gift.get("payment_intent")
    if intent is None:
        (payment,) = store.every("invoice_payment", invoice=gift["invoice"])
        intent = payment["payment"]["payment_intent"]
    return store.must(store.must(intent)["latest_charge"])


def _update(store: Store, subscription: Json, now: int, **params: Any) -> None:
    update_subscription(Call(store, params, subscription["id"], base_url="http://localhost", now=now))


def _change(store: Store, act: Act, subscription: Json, now: int) -> None:
    item = subscription["items"]["data"][0]
    price = item["price"]
    data = {
        "currency": price["currency"],
        "product": price["product"],
        "recurring": {"interval": price["recurring"]["interval"]},
        "unit_amount": act.details["amount_minor"],
    }
    _update(store, subscription, now, items=[{"id": item["id"], "price_data": data}], proration_behavior="none")


def _mend(store: Store, act: Act, subscription: Json, now: int) -> None:
    customer = store.must(subscription["customer"])
    method = attach(store, GOOD_CARD, EXPIRY, email=customer["email"], name=customer["name"], now=now)
    attach_to(store, method, customer["id"], now=now)
    _update(store, subscription, now, default_payment_method=method["id"])


def _leave(store: Store, act: Act, subscription: Json, now: int) -> None:
    said = {name: value for name, value in act.details.items() if value}
    _update(store, subscription, now, cancel_at_period_end=True, cancellation_details=said)


def _stay(store: Store, act: Act, subscription: Json, now: int) -> None:
    _update(store, subscription, now, cancel_at_period_end=False)


def _pause(store: Store, act: Act, subscription: Json, now: int) -> None:
    _update(
        store, subscription, now, pause_collection={"behavior": "void", "resumes_at": now + act.details["days"] * DAY}
    )


CHANGES = {"change": _change, "leave": _leave, "mend": _mend, "pause": _pause, "stay": _stay}
