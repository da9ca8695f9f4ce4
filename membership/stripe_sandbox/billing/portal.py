"""Sessions of the billing portal: a link by which a customer sees their invoices and changes their card.

https://docs.stripe.com/api/customer_portal/sessions/create
"""

import stripe
from stripe.params import billing_portal as portal_params

from membership.stripe_sandbox.billing.portal_configurations import KIND, default_configuration
from membership.stripe_sandbox.payments.customers import living_customer
from membership.stripe_sandbox.protocol.addresses import checked_address
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid, missing_parameter, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.routes import route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.webhooks.events import emit

Flow = stripe.billing_portal.Session.Flow


def create_portal_session(call: Call) -> Json:
    """Makes a session of the portal; with `flow_data` it leads straight to the card."""
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = living_customer(call, "customer")
    configuration = _configuration(call)
    object_id = new_id("billing_portal.session")
    session = whole(
        stripe.billing_portal.Session,
        id=object_id,
        configuration=configuration["id"],
        created=call.now,
        customer=customer["id"],
        flow=_flow(call, configuration),
        locale=call.get("locale"),
        return_url=_return_url(call, configuration),
        url=f"{call.base_url}/p/session/{object_id}",
    )
    call.store.put(session)
    emit(call.store, "billing_portal.session.created", session, now=call.now)
    return session


def _configuration(call: Call) -> Json:
    if "configuration" not in call.params:
        return default_configuration(call.store, now=call.now)
    configuration = call.named(KIND, "configuration")
    if not configuration["active"]:
        raise invalid("You cannot use a configuration that is not active.", "configuration")
    return configuration


def _return_url(call: Call, configuration: Json) -> str | None:
    address: str | None = call.get("return_url", configuration["default_return_url"])
    if address is not None:
        checked_address(address, "return_url")
    return address


def _flow(call: Call, configuration: Json) -> Json | None:
    given = call.get("flow_data")
    if given is None:
        return None
    if given["type"] != "payment_method_update":
        raise not_modelled("flow_data[type]", "This sandbox's portal knows the flow payment_method_update alone.")
    if not configuration["features"]["payment_method_update"]["enabled"]:
        message = "The portal configuration has `features[payment_method_update]` switched off."
        raise invalid(message, "flow_data[type]")
    return whole(Flow, after_completion=_completion(given.get("after_completion", {})), type=given["type"])


def _completion(given: Json) -> Json:
    kind = given.get("type", "portal_homepage")
    if kind == "redirect":
        if "redirect" not in given:
            raise missing_parameter("flow_data[after_completion][redirect]")
        checked_address(given["redirect"]["return_url"], "flow_data[after_completion][redirect][return_url]")
    confirmation = {"custom_message": None} | given.get("hosted_confirmation", {})
    return {
        "hosted_confirmation": confirmation if kind == "hosted_confirmation" else None,
        "redirect": given["redirect"] if kind == "redirect" else None,
        "type": kind,
    }


ROUTES = (
    route(
        "POST", "/v1/billing_portal/sessions", portal_params.SessionCreateParams, create_portal_session,
        modelled="configuration customer flow_data.after_completion flow_data.type locale return_url",
    ),
)  # fmt: skip
