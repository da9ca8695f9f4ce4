"""Customers."""

import stripe
from stripe import params

from membership.stripe_sandbox.calls import Call, metadata
from membership.stripe_sandbox.events import emit
from membership.stripe_sandbox.ids import new_id, random_text
from membership.stripe_sandbox.routes import route
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store


def create_customer(call: Call) -> Json:
    """Makes a customer."""
    fields = {name: call.get(name) or None for name in ("description", "email", "name", "phone")}
    return add_customer(call.store, metadata=metadata(call.params), now=call.now, **fields)


def add_customer(store: Store, *, now: int, **fields: object) -> Json:
    """Makes a customer and its event."""
    settings = whole(stripe.Customer.InvoiceSettings)
    customer = whole(
        stripe.Customer,
        id=new_id("customer"),
        balance=0,
        created=now,
        delinquent=False,
        invoice_prefix=random_text(8).upper(),
        invoice_settings=settings,
        next_invoice_sequence=1,
        preferred_locales=[],
        tax_exempt="none",
        **fields,
    )
    store.put(customer)
    emit(store, "customer.created", customer, now=now)
    return customer


def retrieve_customer(call: Call) -> Json:
    """Answers one customer."""
    return call.found("customer")


ROUTES = (
    route(
        "POST", "/v1/customers", params.CustomerCreateParams, create_customer,
        modelled="description email metadata name phone",
    ),
    route(
        "GET", "/v1/customers/{id}", params.CustomerRetrieveParams,
        retrieve_customer,
    ),
)  # fmt: skip
