"""What one route of the API is: its method and path, the SDK's parameter type, and the parameters acted upon."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from membership.stripe_sandbox.calls import Call
from membership.stripe_sandbox.shapes import Json

Handler: TypeAlias = Callable[[Call], Json]

CURSOR = " limit starting_after ending_before"


@dataclass(frozen=True)
class Route:
    """One operation. `declared` is the SDK's TypedDict of parameters, `modelled` the dotted paths acted on."""

    method: str
    path: str
    declared: type[Any]
    handler: Handler
    modelled: frozenset[str] = frozenset()


def route(method: str, path: str, declared: type[Any], handler: Handler, *, modelled: str = "") -> Route:
    """Makes a route; `modelled` is written as words."""
    return Route(method, path, declared, handler, frozenset(modelled.split()))


def retrieving(kind: str) -> Handler:
    """Makes the handler that answers the object of the path's id."""
    return lambda call: call.found(kind)
