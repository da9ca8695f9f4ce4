"""Which payment method a customer has, and may name."""

from membership.stripe_sandbox.protocol.errors import invalid, no_such
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store


def own_method(store: Store, method_id: str, customer: str, param: str) -> Json:
    """Returns a payment method of a customer. Raises ApiError resource_missing for an unknown or a foreign one."""
    method = store.get(method_id, "payment_method")
    if method is None:
        raise no_such("payment_method", method_id, param=param, status=400)
    if method["customer"] != customer:
        message = (
            f"The customer does not have a payment method with the ID {method_id}. "
            "The payment method must be attached to the customer."
        )
        raise invalid(message, param, code="resource_missing")
    return method
