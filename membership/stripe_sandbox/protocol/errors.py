"""Stripe's errors as exceptions; whoever raises one decides the answer's status, type, code and parameter."""

from typing import Any

DOCS = "https://docs.stripe.com/error-codes/"


class ApiError(Exception):
    """An answer that is Stripe's error body. `param` names the offending parameter as Stripe spells it.

    Where `stands` is true, what was done before (a charge that failed) is kept; else nothing of the call remains.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        stands: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.stands = stands
        self.status = status
        self.code = code
        self.fields: dict[str, Any] = {"type": kind, "message": message}
        if code:
            self.fields["code"] = code
            if not code.startswith("sandbox_"):
                self.fields["doc_url"] = DOCS + code.replace("_", "-")
        if param:
            self.fields["param"] = param
        self.fields |= more

    def body(self, request_id: str) -> dict[str, Any]:
        """Returns the JSON body that Stripe would send."""
        return {"error": self.fields | {"request_log_url": f"/_sandbox#{request_id}"}}


def invalid(message: str, param: str, *, code: str | None = None) -> ApiError:
    """Returns the error for a parameter whose value cannot be accepted."""
    return ApiError(400, message, code=code, param=param)


def unknown_parameter(param: str) -> ApiError:
    """Returns the error for a parameter that the route does not have."""
    return invalid(f"Received unknown parameter: {param}", param, code="parameter_unknown")


def missing_parameter(param: str) -> ApiError:
    """Returns the error for a required parameter that was left out."""
    return invalid(f"Missing required param: {param}.", param, code="parameter_missing")


def not_modelled(param: str, message: str | None = None) -> ApiError:
    """Returns the sandbox's own error: Stripe knows this, the sandbox does not act on it, so it refuses."""
    text = message or f"Stripe knows the parameter {param}, but this sandbox does not act on it."
    return invalid(text, param, code="sandbox_not_modelled")


def no_such(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """Returns the error for an id that names nothing. In a path the status is 404, in a parameter 400."""
    words = kind.replace(".", " ").replace("_", " ")
    return ApiError(status, f"No such {words}: '{object_id}'", code="resource_missing", param=param)
