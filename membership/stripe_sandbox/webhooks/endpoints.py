"""Webhook endpoints: where events are delivered, and the secret each delivery is signed with, told once."""

import stripe
from stripe import params

from membership.stripe_sandbox.protocol.addresses import checked_address
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import invalid, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.webhooks.events import API_VERSION
from membership.stripe_sandbox.webhooks.signing import new_secret

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def create_endpoint(call: Call) -> Json:
    """Makes an endpoint and answers its secret, this once."""
    if call.get("api_version", API_VERSION) != API_VERSION:
        raise not_modelled("api_version", f"This sandbox speaks {API_VERSION} alone.")
    secret = new_secret()
    endpoint = whole(
        stripe.WebhookEndpoint,
        id=new_id("webhook_endpoint"),
        api_version=call.get("api_version"),
        created=call.now,
        description=call.get("description") or None,
        enabled_events=_enabled_events(call),
        metadata=metadata(call.params),
        status="enabled",
        url=_url(call),
    )
    del endpoint["secret"]
    call.store.put(endpoint, hidden={"secret": secret})
    return endpoint | {"secret": secret}


def _enabled_events(call: Call) -> list[str]:
    wanted: list[str] = call.params["enabled_events"]
    if not wanted:
        raise invalid("enabled_events must name at least one event.", "enabled_events")
    return wanted


def _url(call: Call) -> str:
    url: str = call.params["url"]
    address = checked_address(url, "url")
    if address.scheme != "http" or address.hostname not in LOOPBACK:
        raise not_modelled("url", "This sandbox delivers to http on this machine alone.")
    return url


def retrieve_endpoint(call: Call) -> Json:
    """Answers one endpoint, without its secret."""
    return call.found("webhook_endpoint")


def update_endpoint(call: Call) -> Json:
    """Changes an endpoint; events from now on follow it."""
    endpoint = call.found("webhook_endpoint")
    if "url" in call.params:
        endpoint["url"] = _url(call)
    if "enabled_events" in call.params:
        endpoint["enabled_events"] = _enabled_events(call)
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    if "description" in call.params:
        endpoint["description"] = call.params["description"] or None
    if "metadata" in call.params:
        endpoint["metadata"] = changed_metadata(endpoint, call.params)
    return call.store.put(endpoint)


def delete_endpoint(call: Call) -> Json:
    """Forgets an endpoint; what still waits for it is not sent."""
    endpoint = call.found("webhook_endpoint")
    call.store.delete(endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


ROUTES = (
    route(
        "POST", "/v1/webhook_endpoints", params.WebhookEndpointCreateParams,
        create_endpoint, modelled="api_version description enabled_events metadata url",
    ),
    route(
        "GET", "/v1/webhook_endpoints", params.WebhookEndpointListParams,
        listing("webhook_endpoint", "/v1/webhook_endpoints"), modelled=CURSOR,
    ),
    route(
        "GET", "/v1/webhook_endpoints/{id}", params.WebhookEndpointRetrieveParams,
        retrieve_endpoint,
    ),
    route(
        "POST", "/v1/webhook_endpoints/{id}", params.WebhookEndpointUpdateParams,
        update_endpoint, modelled="description disabled enabled_events metadata url",
    ),
    route(
        "DELETE", "/v1/webhook_endpoints/{id}", params.WebhookEndpointDeleteParams,
        delete_endpoint,
    ),
)  # fmt: skip
