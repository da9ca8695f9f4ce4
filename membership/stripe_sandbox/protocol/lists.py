"""Lists: newest first, by cursor, with the filters that each route says it has."""

import fnmatch
from collections.abc import Callable, Mapping

from stripe import params

from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid, no_such
from membership.stripe_sandbox.protocol.routes import CURSOR, route
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.webhooks.events import DAYS_KEPT

LONGEST = 100
USUAL = 10
MOST_TYPES = 20
DAY = 86_400
UNDELIVERED = "EXISTS (SELECT 1 FROM deliveries WHERE event = objects.id AND state <> 'delivered')"
DELIVERED = {True: f"NOT {UNDELIVERED}", False: UNDELIVERED}


def list_object(data: list[Json], url: str, *, has_more: bool = False) -> Json:
    """Returns Stripe's envelope of a list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def listing(kind: str, url: str, filters: dict[str, str] | None = None) -> Callable[[Call], Json]:
    """Makes the handler of a list route. `filters` maps parameters to the facets they compare."""

    def answer(call: Call) -> Json:
        where = {facet: (str(call.params[name]),) for name, facet in (filters or {}).items() if name in call.params}
        return page(call, kind, url, where)

    return answer


def list_events(call: Call) -> Json:
    """Answers events of one type, of several, or of all; only so far back as Stripe does."""
    types = call.get("types", [])
    if len(types) > MOST_TYPES:
        raise invalid(f"You can name up to {MOST_TYPES} types.", "types")
    if types and "type" in call.params:
        raise invalid("You may only specify one of these parameters: type, types.", "types")
    if "type" in call.params:
        types = _types_like(call, call.params["type"])
    also = DELIVERED.get(call.get("delivery_success"), "")
    return page(call, "event", "/v1/events", {"type": tuple(types)} if types else {}, since=_memory(call), also=also)


def retrieve_event(call: Call) -> Json:
    """Answers one event, unless it is too old."""
    event = call.found("event")
    if event["created"] < _memory(call):
        raise no_such("event", call.id)
    return event


def _memory(call: Call) -> int:
    return call.now - DAYS_KEPT * DAY


def _types_like(call: Call, pattern: str) -> list[str]:
    """Returns the types that a name, or a group such as `invoice.*`, stands for."""
    known = call.store.values("event", "type")
    return fnmatch.filter(known, pattern.replace("[", "[[]")) or [pattern]


def page(
    call: Call, kind: str, url: str, where: Mapping[str, tuple[str, ...]], *, since: int = 0, also: str = ""
) -> Json:
    """Answers one page of what matches, one object more being read to know whether there are more.

    `since` leaves out what was made before that Unix time; `also` is a condition in SQL, a constant.
    """
    limit = call.get("limit", USUAL)
    if not 1 <= limit <= LONGEST:
        raise invalid(f"This value must be between 1 and {LONGEST}.", "limit", code="parameter_invalid_integer")
    after, before = call.get("starting_after"), call.get("ending_before")
    if after and before:
        raise invalid("You may only give one of starting_after and ending_before.", "ending_before")
    for name in ("starting_after", "ending_before"):
        if name in call.params and call.store.get(call.params[name], kind) is None:
            raise no_such(kind, call.params[name], param=name, status=400)
    created = _created(call) + ([("gte", since)] if since else [])
    found = call.store.page(kind, where, created=created, also=also, after=after, before=before, limit=limit + 1)
    data = found[-limit:] if before else found[:limit]
    return list_object(data, url, has_more=len(found) > limit)


def _created(call: Call) -> list[tuple[str, int]]:
    created = call.get("created", {})
    if isinstance(created, int):
        return [("eq", created)]
    return list(created.items())


ROUTES = (
    route(
        "GET", "/v1/events", params.EventListParams, list_events,
        modelled="created delivery_success type types" + CURSOR,
    ),
    route("GET", "/v1/events/{id}", params.EventRetrieveParams, retrieve_event),
)  # fmt: skip
