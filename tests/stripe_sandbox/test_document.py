"""The document of the sandbox says what the code does."""

from membership.stripe_sandbox.document import PATH, document, refused_parameters
from membership.stripe_sandbox.protocol.routing import ROUTES


def test_the_document_is_what_the_routes_say() -> None:
    wanted = "Write it anew: python -m membership.stripe_sandbox.document"
    assert PATH.read_text(encoding="utf-8") == document(), wanted


def test_each_parameter_is_either_acted_upon_or_refused() -> None:
    sessions = next(route for route in ROUTES if (route.method, route.path) == ("POST", "/v1/checkout/sessions"))
    refused = set(refused_parameters(sessions))
    assert {"automatic_tax", "line_items.adjustable_quantity", "line_items.price_data.tax_behavior"} <= refused
    assert not refused & {"mode", "line_items", "line_items.quantity", "metadata", "expand"}
