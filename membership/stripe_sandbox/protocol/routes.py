"""What one route of the API is: its method and path, the SDK's parameter type, and the parameters acted upon."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store

Handler: TypeAlias = Callable[[Call], Json]
Afterwards: TypeAlias = Callable[[Store, Clock, Json], None]

CURSOR = " limit starting_after ending_before"


@dataclass(frozen=True)
class Route:
    """One operation. `declared` is the SDK's TypedDict of parameters, `modelled` the dotted paths acted on.

    `afterwards` is done with the answer once it stands: what moves the clock cannot be part of a call.
    """

    method: str
    path: str
    declared: type[Any]
    handler: Handler
    modelled: frozenset[str] = frozenset()
    afterwards: Afterwards | None = None


def route(
    method: str,
    path: str,
    declared: type[Any],
    handler: Handler,
    *,
    modelled: str = "",
    afterwards: Afterwards | None = None,
) -> Route:
    """Makes a route; `modelled` is written as words."""
    return Route(method, path, declared, handler, frozenset(modelled.split()), afterwards)


def retrieving(kind: str) -> Handler:
    """Makes the handler that answers the object of the path's id."""
    return lambda call: call.found(kind)
