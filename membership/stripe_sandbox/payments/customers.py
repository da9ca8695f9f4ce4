"""Customers: made, changed, listed, deleted."""

import stripe
from stripe import params

from membership.stripe_sandbox.billing.subscriptions import ENDED, end
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import invalid, no_such
from membership.stripe_sandbox.protocol.ids import new_id, random_text
from membership.stripe_sandbox.protocol.lists import page
from membership.stripe_sandbox.protocol.routes import CURSOR, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, put_change

# A deleted customer keeps its id alone; that it has no mode tells it from the living ones in lists.
LIVING = {"livemode": ("False",)}
TEXTS = ("description", "email", "name", "phone")


def create_customer(call: Call) -> Json:
    """Makes a customer."""
    fields = {name: call.get(name) or None for name in TEXTS}
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
    """Answers one customer; of a deleted one that it is deleted (https://docs.stripe.com/api/customers/delete)."""
    return call.found("customer")


def list_customers(call: Call) -> Json:
    """Answers customers that are not deleted, all or those of an e-mail address as it is written."""
    where = LIVING | ({"email": (call.params["email"],)} if "email" in call.params else {})
    return page(call, "customer", "/v1/customers", where)


def update_customer(call: Call) -> Json:
    """Changes a customer; an empty text unsets one."""
    before = _living(call)
    after = before | {name: call.params[name] or None for name in TEXTS if name in call.params}
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    chosen = call.get("invoice_settings", {}).get("default_payment_method")
    if chosen is not None:
        method = _method_of(call, before, chosen) if chosen else None
        after["invoice_settings"] = before["invoice_settings"] | {"default_payment_method": method}
    return put_change(call.store, "customer.updated", before, after, now=call.now)


def _living(call: Call) -> Json:
    customer = call.found("customer")
    if "deleted" in customer:
        raise no_such("customer", call.id)
    return customer


def _method_of(call: Call, customer: Json, chosen: str) -> str:
    param = "invoice_settings[default_payment_method]"
    method = call.store.get(chosen, "payment_method")
    if method is None:
        raise no_such("payment_method", chosen, param=param, status=400)
    if method["customer"] != customer["id"]:
        raise invalid("The payment method must be attached to the customer first.", param)
    return chosen


def living_customer(call: Call, param: str) -> Json:
    """Returns the customer that a parameter names. Raises ApiError 400 resource_missing, also for a deleted one."""
    customer = call.named("customer", param)
    if "deleted" in customer:
        raise no_such("customer", customer["id"], param=param, status=400)
    return customer


def delete_customer(call: Call) -> Json:
    """Deletes a customer for good: its subscriptions end at once, its payment methods are taken from it.

    https://docs.stripe.com/api/customers/delete
    """
    customer = _living(call)
    for subscription in call.store.every("subscription", customer=customer["id"]):
        if subscription["status"] not in ENDED:
            end(call.store, subscription, now=call.now)
    for method in call.store.every("payment_method", customer=customer["id"]):
        call.store.put(method | {"customer": None})
    deleted = {"id": customer["id"], "object": "customer", "deleted": True}
    emit(call.store, "customer.deleted", customer, now=call.now)
    return call.store.put(deleted)


ROUTES = (
    route(
        "POST", "/v1/customers", params.CustomerCreateParams, create_customer,
        modelled="description email metadata name phone",
    ),
    route(
        "GET", "/v1/customers", params.CustomerListParams, list_customers,
        modelled="created email" + CURSOR,
    ),
    route(
        "GET", "/v1/customers/{id}", params.CustomerRetrieveParams,
        retrieve_customer,
    ),
    route(
        "POST", "/v1/customers/{id}", params.CustomerUpdateParams, update_customer,
        modelled="description email invoice_settings.default_payment_method metadata name phone",
    ),
    route("DELETE", "/v1/customers/{id}", params.CustomerDeleteParams, delete_customer),
)  # fmt: skip
