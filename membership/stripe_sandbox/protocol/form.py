"""Decodes Stripe's form encoding by the TypedDict that the installed SDK declares for the route, never by guessing."""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import typing_extensions
from stripe import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from membership.stripe_sandbox.protocol.errors import (
    ApiError,
    invalid,
    missing_parameter,
    not_modelled,
    unknown_parameter,
)
from membership.stripe_sandbox.protocol.shapes import Json

Raw: TypeAlias = "str | dict[str, Raw]"
KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
# Names in the options that each TypedDict inherits, which its own module does not import.
ELSEWHERE = {"Mapping": Mapping, "StripeContext": Any}
MOST_FIELDS = 1000
INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass
class Spec:
    """What one parameter may be: scalars by type, listed words, and at most one each of structure, list and mapping."""

    scalars: set[type] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    fields: dict[str, "Spec"] | None = None
    required: frozenset[str] = frozenset()
    items: "Spec | None" = None
    values: "Spec | None" = None


def decode(text: str, declared: Any, modelled: frozenset[str]) -> Json:
    """Returns the typed parameters of a query or form.

    `declared` is the SDK's TypedDict; `modelled` holds the dotted paths the route acts on.
    Raises ApiError: parameter_unknown, parameter_missing, a wrong type, or sandbox_not_modelled.
    """
    raw = _nested(text)
    decoded = _struct(raw, spec_of(declared), "")
    for path, param in _leaves(decoded, "", ""):
        if path != "expand" and not any(path == known or path.startswith(known + ".") for known in modelled):
            raise not_modelled(param)
    return decoded


def _nested(text: str) -> dict[str, Raw]:
    tree: dict[str, Raw] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise ApiError(400, f"Invalid request: {error}.") from error
    for key, value in pairs:
        match = KEY.fullmatch(key)
        if not match:
            raise unknown_parameter(key)
        names = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        _place(tree, names, value, key)
    return tree


def _place(tree: dict[str, Raw], names: list[str], value: str, key: str) -> None:
    for name in names[:-1]:
        below = tree.setdefault(name or str(len(tree)), {})
        if not isinstance(below, dict):
            raise invalid(f"Invalid parameter: {key} is given as a value and as an object", key)
        tree = below
    tree[names[-1] or str(len(tree))] = value


def _struct(raw: dict[str, Raw], spec: Spec, at: str) -> Json:
    fields = spec.fields or {}
    decoded: Json = {}
    for name, value in raw.items():
        param = f"{at}[{name}]" if at else name
        if name not in fields:
            raise unknown_parameter(param)
        decoded[name] = _value(value, fields[name], param)
    for name in sorted(spec.required):
        if name not in decoded:
            raise missing_parameter(f"{at}[{name}]" if at else name)
    return decoded


def _value(raw: Raw, spec: Spec, param: str) -> Any:
    if isinstance(raw, str):
        return _scalar(raw, spec, param)
    if spec.items is not None and all(name.isdigit() for name in raw):
        ordered = sorted(raw.items(), key=lambda item: int(item[0]))
        return [_value(value, spec.items, f"{param}[{index}]") for index, value in ordered]
    if spec.fields is not None:
        return _struct(raw, spec, param)
    if spec.values is not None:
        return {name: _value(value, spec.values, f"{param}[{name}]") for name, value in raw.items()}
    raise invalid(f"Invalid {'array' if spec.items else 'string'}: {param}", param)


def _scalar(raw: str, spec: Spec, param: str) -> Any:
    if raw in spec.words:
        return raw
    if bool in spec.scalars and raw in ("true", "false"):
        return raw == "true"
    if int in spec.scalars and INTEGER.fullmatch(raw):
        return int(raw)
    if (float in spec.scalars or Decimal in spec.scalars) and _is_number(raw):
        return raw if Decimal in spec.scalars else float(raw)
    listed = [word for word in spec.words if word]
    if str in spec.scalars and not listed:
        return raw
    if spec.values is not None and raw == "":
        return {}
    raise _refusal(raw, spec, listed, param)


def _is_number(raw: str) -> bool:
    try:
        return Decimal(raw).is_finite()
    except InvalidOperation:
        return False


def _refusal(raw: str, spec: Spec, listed: list[str], param: str) -> Exception:
    if listed:
        return invalid(f"Invalid {param}: must be one of {', '.join(listed)}", param)
    if int in spec.scalars:
        return invalid(f"Invalid integer: {raw}", param, code="parameter_invalid_integer")
    if bool in spec.scalars:
        return invalid(f"Invalid boolean: {raw}", param)
    if spec.items is not None:
        return invalid("Invalid array", param)
    return invalid("Invalid object", param)


def _leaves(value: Any, path: str, param: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _leaves(below, f"{path}.{name}" if path else name, f"{param}[{name}]" if param else name)
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from _leaves(below, path, f"{param}[{index}]")
    elif path:
        yield path, param


@cache
def spec_of(declared: Any) -> Spec:
    """Returns what the SDK declares for a route, read from its TypedDict."""
    hints = get_type_hints(declared, localns=ELSEWHERE)
    own = set(hints)
    if RequestOptions in getattr(declared, "__orig_bases__", ()):
        own -= set(RequestOptions.__annotations__)
    fields = {name: _spec(hints[name]) for name in own}
    return Spec(fields=fields, required=frozenset(own & declared.__required_keys__))


def _spec(annotation: Any) -> Spec:
    spec = Spec()
    for option in _options(annotation):
        origin, args = get_origin(option), get_args(option)
        if origin is Literal:
            spec.words += args
        elif origin is list:
            spec.items = _spec(args[0])
        elif origin is dict:
            spec.values = _spec(args[1])
        elif origin is UntypedStripeObject:
            spec.values = spec.values or _spec(args[0])
        elif typing_extensions.is_typeddict(option):
            structure = spec_of(option)
            spec.fields, spec.required = structure.fields, structure.required
        else:
            spec.scalars.add(option)
    return spec


def _options(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
