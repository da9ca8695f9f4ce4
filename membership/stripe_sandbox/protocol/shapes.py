"""Shapes of answers, read from the resource types of the installed SDK: made whole when built, checked when tested."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Literal, TypeAlias, Union, get_args, get_origin

import orjson
import stripe
from stripe import ListObject, StripeObject
from stripe._stripe_object import UntypedStripeObject

Json: TypeAlias = dict[str, Any]
Resource: TypeAlias = type[StripeObject]


@dataclass(frozen=True)
class _Empty:
    values: Json
    known: frozenset[str]
    required: frozenset[str]
    containers: frozenset[str]


_FIELDS: dict[Resource, dict[str, Any]] = {}
_EMPTY: dict[Resource, _Empty] = {}
_REQUIRED = object()

# Absent unless asked for with expand[], or in an answer to a deletion.
ON_REQUEST = {
    ("charge", "refunds"),
    ("checkout.session", "line_items"),
    ("customer", "cash_balance"),
    ("customer", "sources"),
    ("customer", "subscriptions"),
    ("customer", "tax_ids"),
    ("invoice", "payments"),
    ("price", "currency_options"),
    ("price", "tiers"),
}


def copied(body: Json) -> Json:
    """Returns a deep copy of an object, far faster than `copy.deepcopy` does for what is JSON alone."""
    copy: Json = orjson.loads(orjson.dumps(body))
    return copy


def whole(resource: Resource, **fields: Any) -> Json:
    """Returns an object with every field of the SDK's type: what is not given is null, `[]` or `{}` as the type allows.

    Raises TypeError for a field that the type does not have, or for a required one that has no empty value.
    """
    empty = _empty_fields(resource)
    wrong, missing = fields.keys() - empty.known, empty.required - fields.keys()
    if wrong or missing:
        problem = "has no field" if wrong else "must be given"
        raise TypeError(f"{resource.__name__}: {problem} {sorted(wrong or missing)}")
    filled = empty.values | fields
    for name in empty.containers - fields.keys():
        filled[name] = filled[name].copy()
    return filled


def _empty_fields(resource: Resource) -> _Empty:
    known = _EMPTY.get(resource)
    if known is None:
        known = _EMPTY[resource] = _read_empty_fields(resource)
    return known


def _read_empty_fields(resource: Resource) -> _Empty:
    kind = getattr(resource, "OBJECT_NAME", None)
    annotations = fields_of(resource)
    usual = {name: each for name, each in annotations.items() if name != "deleted" and (kind, name) not in ON_REQUEST}
    values = {name: _empty(kind, name, annotation) for name, annotation in usual.items()}
    return _Empty(
        values,
        known=frozenset(annotations),
        required=frozenset(name for name, value in values.items() if value is _REQUIRED),
        containers=frozenset(name for name, value in values.items() if isinstance(value, dict | list)),
    )


def _empty(kind: str | None, name: str, annotation: Any) -> Any:
    if name == "object":
        return kind
    if name == "livemode":
        return False
    options = _options(annotation)
    if name == "metadata":
        return {}
    if type(None) in options:
        return None
    if get_origin(annotation) is list:
        return []
    return _REQUIRED


def problems(value: Any, resource: Resource | None = None, at: str = "") -> list[str]:
    """Returns what is wrong with an answer, one sentence a problem; an empty list means it has the SDK's shape.

    Without `resource` the object's own `object` field decides. Unknown fields, missing ones, wrong types and
    values outside the SDK's enumerations are problems; a null where the type says optional is none.
    """
    if not isinstance(value, dict):
        return [f"{at or 'answer'} is no object"]
    resource = resource or resource_of(str(value.get("object")))
    if resource is None:
        return [f"{at or 'answer'} has the unknown object name {value.get('object')!r}"]
    return list(_struct_problems(value, resource, at or resource.__name__))


def _struct_problems(value: Json, resource: Resource, at: str) -> Iterator[str]:
    annotations = fields_of(resource)
    kind = getattr(resource, "OBJECT_NAME", None)
    for name in value.keys() - annotations.keys():
        yield f"{at}.{name} is not a field of {resource.__qualname__}"
    for name, annotation in annotations.items():
        if name in value:
            yield from _value_problems(value[name], annotation, f"{at}.{name}")
        elif type(None) not in _options(annotation) and (kind, name) not in ON_REQUEST:
            yield f"{at}.{name} is missing"


def _value_problems(value: Any, annotation: Any, at: str) -> Iterator[str]:
    options = _options(annotation)
    if value is None:
        if type(None) not in options:
            yield f"{at} is null"
        return
    attempts = [list(_option_problems(value, option, at)) for option in options if option is not type(None)]
    literals = [item for option in options if get_origin(option) is Literal for item in get_args(option)]
    if literals and isinstance(value, str) and value not in literals and "" not in literals:
        yield f"{at} is {value!r}, which the SDK does not list"
    elif [] not in attempts:
        yield from min(attempts, key=len)


def _option_problems(value: Any, option: Any, at: str) -> Iterator[str]:
    origin = get_origin(option)
    if option is Any:
        return
    if origin is Literal:
        if value not in get_args(option):
            yield f"{at} is {value!r}, which the SDK does not list"
    elif origin is list:
        yield from _list_problems(value, get_args(option)[0], at)
    elif origin is ListObject:
        yield from _page_problems(value, get_args(option)[0], at)
    elif origin in (UntypedStripeObject, dict) or option is UntypedStripeObject:
        if not isinstance(value, dict):
            yield f"{at} is no mapping"
    elif isinstance(option, type) and issubclass(option, StripeObject):
        if not isinstance(value, dict):
            yield f"{at} is no object"
        else:
            yield from _struct_problems(value, option, at)
    elif not _is_scalar(value, option):
        yield f"{at} is {value!r}, not {getattr(option, '__name__', option)}"


def _list_problems(value: Any, item: Any, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at} is no list"
        return
    for index, each in enumerate(value):
        yield from _value_problems(each, item, f"{at}[{index}]")


def _page_problems(value: Any, item: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict) or value.keys() != {"object", "data", "has_more", "url"}:
        yield f"{at} is no list object"
        return
    yield from _list_problems(value["data"], item, f"{at}.data")


def _is_scalar(value: Any, option: Any) -> bool:
    if option is Decimal:
        return isinstance(value, str)
    if option is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if option is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(option, type) and isinstance(value, option)


def fields_of(resource: Resource) -> dict[str, Any]:
    """Returns the fields of a resource type with forward references resolved."""
    known = _FIELDS.get(resource)
    if known is None:
        known = _FIELDS[resource] = _read_fields(resource)
    return known


def _read_fields(resource: Resource) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, annotation in resource.__annotations__.items():
        if not name.startswith("_") and _origin(annotation) is not ClassVar:
            fields[name] = _resolved(annotation)
    return fields


def _resolved(annotation: Any) -> Any:
    if isinstance(annotation, str):
        return _named(annotation)
    if hasattr(annotation, "__forward_arg__"):
        return _named(annotation.__forward_arg__)
    origin = _origin(annotation)
    args = get_args(annotation)
    if origin is Literal or origin is None or not args:
        return annotation
    resolved = tuple(_resolved(arg) for arg in args)
    if origin in (Union, types.UnionType):
        return Union[resolved]  # noqa: UP007 - built from a tuple that is known at run time only
    return origin[resolved if len(resolved) > 1 else resolved[0]]


def _origin(annotation: Any) -> Any:
    return get_origin(annotation)


def _named(name: str) -> Any:
    return _classes().get(name, UntypedStripeObject)


def _options(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


@cache
def resource_of(kind: str) -> type[StripeObject] | None:
    """Returns the SDK's class for an `object` name such as `checkout.session`, or None if none is served."""
    for resource in _classes().values():
        if getattr(resource, "OBJECT_NAME", None) == kind:
            return resource
    return None


@cache
def _classes() -> dict[str, type[StripeObject]]:
    served = (
        stripe.Account,
        stripe.Balance,
        stripe.BalanceSettings,
        stripe.BalanceTransaction,
        stripe.Charge,
        stripe.Customer,
        stripe.Dispute,
        stripe.Event,
        stripe.Invoice,
        stripe.InvoiceLineItem,
        stripe.InvoicePayment,
        stripe.LineItem,
        stripe.Mandate,
        stripe.PaymentIntent,
        stripe.PaymentMethod,
        stripe.Payout,
        stripe.Plan,
        stripe.Price,
        stripe.Product,
        stripe.Refund,
        stripe.Subscription,
        stripe.SubscriptionItem,
        stripe.SubscriptionSchedule,
        stripe.WebhookEndpoint,
        stripe.billing_portal.Configuration,
        stripe.checkout.Session,
        stripe.radar.EarlyFraudWarning,
        stripe.test_helpers.TestClock,
    )
    classes: dict[str, type[StripeObject]] = {resource.__name__: resource for resource in served}
    # Two kinds are named Session; the portal's is never named by another object.
    classes["billing_portal.Session"] = stripe.billing_portal.Session
    return classes


# The SDK looks a name up anew at each use, which costs more than the object that is then built: let it find them.
for _name, _resource in _classes().items():
    if _resource is getattr(stripe, _name, None):
        setattr(stripe, _name, _resource)
