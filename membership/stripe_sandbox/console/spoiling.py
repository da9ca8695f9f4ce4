"""What a fault of the API looks like from outside: a refusal in place of the work, or an answer that is spoilt."""

from collections.abc import Iterator

from flask import Response
from waitress.channel import ClientDisconnected

from membership.stripe_sandbox.console.faults import Fault
from membership.stripe_sandbox.protocol.answers import json_response
from membership.stripe_sandbox.protocol.errors import ApiError

# Each of these is met before anything is done.
INSTEAD = ("down", "lock_timeout", "rate_limit", "refused")
LOCKED = (
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing it. "
    "If you see this error intermittently, retry the request."
)
MANY = "Request rate limit exceeded. Learn more about rate limits at https://docs.stripe.com/rate-limits."
DOWN = "<html><head><title>Service unavailable</title></head><body>Stripe is down.</body></html>"


def instead(fault: Fault, request_id: str) -> Response:
    """Answers a call that is not carried out."""
    if fault.kind == "refused":
        return _cut_off()
    if fault.kind == "down":
        return Response(DOWN, fault.status, content_type="text/html")
    if fault.kind == "rate_limit":
        refused = ApiError(429, MANY, code="rate_limit")
    else:
        refused = ApiError(fault.status, LOCKED, code="lock_timeout")
    response = json_response(refused.body(request_id), refused.status)
    response.headers["Request-Id"] = request_id
    if fault.kind == "rate_limit":
        response.headers["Stripe-Rate-Limited-Reason"] = "global-rate"
    return response


def spoilt(response: Response, fault: Fault) -> Response:
    """Returns the answer of a call that was carried out, as it reaches the caller."""
    if fault.kind == "lost":
        return _cut_off()
    if fault.kind == "malformed":
        text = response.get_data()
        response.set_data(text[: len(text) // 2])
    return response


class _Nothing:
    """An answer that never comes: waitress closes the connection without a byte, as if the caller had gone."""

    def __iter__(self) -> Iterator[bytes]:
        raise ClientDisconnected


def _cut_off() -> Response:
    return Response(_Nothing())
