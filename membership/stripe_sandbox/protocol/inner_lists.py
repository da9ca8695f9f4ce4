"""Lists of what is kept inside of another object: the lines of an invoice, the items of a subscription."""

from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid, no_such
from membership.stripe_sandbox.protocol.lists import LONGEST, USUAL, list_object
from membership.stripe_sandbox.protocol.shapes import Json


def page_of(call: Call, data: list[Json], url: str) -> Json:
    """Answers one page of objects that are at hand already. Raises ApiError for a cursor that is none of them."""
    limit = call.get("limit", USUAL)
    if not 1 <= limit <= LONGEST:
        raise invalid(f"This value must be between 1 and {LONGEST}.", "limit", code="parameter_invalid_integer")
    if "ending_before" in call.params:
        rest = data[: _place(call, data, "ending_before")]
        return list_object(rest[-limit:], url, has_more=len(rest) > limit)
    begin = _place(call, data, "starting_after") + 1 if "starting_after" in call.params else 0
    rest = data[begin:]
    return list_object(rest[:limit], url, has_more=len(rest) > limit)


def _place(call: Call, data: list[Json], name: str) -> int:
    ids = [each["id"] for each in data]
    if call.params[name] not in ids:
        raise no_such(data[0]["object"] if data else "object", call.params[name], param=name, status=400)
    return ids.index(call.params[name])
