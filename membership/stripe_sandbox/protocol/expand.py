"""Expansion: `expand[]` puts whole objects where an answer holds their ids, or lists that are absent otherwise."""

from collections.abc import Callable
from typing import Any, get_args

import stripe
from stripe import StripeObject

from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.lists import list_object
from membership.stripe_sandbox.protocol.shapes import Json, fields_of, resource_of
from membership.stripe_sandbox.state.store import Store

DEEPEST = 4


def expand(store: Store, answer: Json, paths: list[str]) -> Json:
    """Returns the answer with each dotted path expanded. Raises ApiError for what cannot be expanded."""
    for path in paths:
        names = path.split(".")
        if len([name for name in names if name != "data"]) > DEEPEST:
            raise _refused(path, f"You cannot expand more than {DEEPEST} levels of a property: {path}.")
        _expand(store, answer, names, path)
    return answer


def _expand(store: Store, value: Any, names: list[str], path: str) -> None:
    if not names or value is None:
        return
    if isinstance(value, list):
        for each in value:
            _expand(store, each, names, path)
        return
    if not isinstance(value, dict):
        raise _refused(path, f"This property cannot be expanded ({path}).")
    name = names[0]
    included = INCLUDED.get((value.get("object", ""), name))
    if included and name not in value:
        value[name] = included(store, value)
    elif name not in value:
        raise _refused(path, f"This property cannot be expanded ({path}).")
    elif isinstance(value[name], str):
        value[name] = _object(store, value, name, path)
    elif len(names) == 1 and not _may_hold_an_id(value, name):
        raise _refused(path, f"This property cannot be expanded ({path}).")
    _expand(store, value[name], names[1:], path)


def _object(store: Store, holder: Json, name: str, path: str) -> Json:
    found = store.get(holder[name])
    if found is None or name == "id":
        raise _refused(path, f"This property cannot be expanded ({path}).")
    return found


def _may_hold_an_id(holder: Json, name: str) -> bool:
    if isinstance(holder[name], dict):
        return "id" in holder[name]
    resource = resource_of(str(holder.get("object")))
    if holder[name] is not None or resource is None:
        return holder[name] is None
    options = get_args(fields_of(resource).get(name))
    return str in options and any(isinstance(o, type) and issubclass(o, StripeObject) for o in options)


def _refused(path: str, message: str) -> ApiError:
    return ApiError(400, message, param="expand")


def _line_items(store: Store, session: Json) -> Json:
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return list_object(store.hidden(session["id"])["line_items"], url)


def _refunds(store: Store, charge: Json) -> Json:
    return list_object(store.every("refund", charge=charge["id"]), f"/v1/charges/{charge['id']}/refunds")


def _invoice_payments(store: Store, invoice: Json) -> Json:
    return list_object(store.every("invoice_payment", invoice=invoice["id"]), "/v1/invoice_payments")


def _subscriptions(store: Store, customer: Json) -> Json:
    live = [each for each in store.every("subscription", customer=customer["id"]) if not each["ended_at"]]
    return list_object(live, f"/v1/customers/{customer['id']}/subscriptions")


INCLUDED: dict[tuple[str, str], Callable[[Store, Json], Json]] = {
    (stripe.Charge.OBJECT_NAME, "refunds"): _refunds,
    (stripe.Customer.OBJECT_NAME, "subscriptions"): _subscriptions,
    (stripe.Invoice.OBJECT_NAME, "payments"): _invoice_payments,
    (stripe.checkout.Session.OBJECT_NAME, "line_items"): _line_items,
}
