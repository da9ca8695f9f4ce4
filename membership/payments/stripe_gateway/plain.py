"""Reads what is read most, long lists and what most events are about, without building the SDK's objects.

Those cost six times what the JSON does; a year has 120,000 charges, and an outage leaves 10,000 events. A test compares
what is read here with the SDK's own reading.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import stripe

from membership.money import Money
from membership.payments.records import BalanceTransaction, Charge, Checkout, Intent, Invoice, Tags
from membership.payments.stripe_gateway.records import failure_of, moment, tags_from

# Why Stripe wrote the invoice with which a subscription begins.
FIRST_INVOICE = "subscription_create"

Plain = dict[str, Any]


def pages(client: stripe.StripeClient, path: str, params: Plain) -> Iterator[Plain]:
    """Yields each object of a list as its JSON, a page a call."""
    query = dict(params)
    while True:
        found = client.raw_request("get", path, **query).data
        yield from found["data"]
        if not found["has_more"] or not found["data"]:
            return
        query["starting_after"] = found["data"][-1]["id"]


def single(client: stripe.StripeClient, path: str, object_id: str, *expand: str) -> Plain:
    """Returns one object as its JSON; `expand` names what is to be included."""
    params = {"expand": list(expand)} if expand else {}
    found: Plain = client.raw_request("get", f"{path}/{quote_plus(object_id)}", **params).data
    return found


def checkout_of(body: Plain) -> Checkout:
    """Reads a Checkout session."""
    details = body.get("customer_details") or {}
    return Checkout(
        id=body["id"],
        url=body.get("url"),
        status=str(body["status"]),
        payment_status=str(body["payment_status"]),
        tags=tags_from(body.get("metadata")),
        intent=id_in(body.get("payment_intent")),
        subscription=id_in(body.get("subscription")),
        email=details.get("email") or body.get("customer_email"),
        name=details.get("name"),
    )


def intent_of(body: Plain, invoice: Plain | None = None) -> Intent:
    """Reads a payment intent whose `latest_charge` is included; its tags are those of the `invoice` that it pays."""
    charge = body.get("latest_charge")
    return Intent(
        id=body["id"],
        status=str(body["status"]),
        amount=Money(body["amount"], body["currency"].upper()),
        created_at=moment(body["created"]),
        tags=tags_from(body.get("metadata")) if invoice is None else _tags_of_invoice(invoice),
        customer=id_in(body.get("customer")),
        charge=charge_of(charge) if isinstance(charge, dict) else None,
        invoice=None if invoice is None else invoice["id"],
        is_first_of_subscription=invoice is not None and _is_first(invoice),
    )


def charge_of(body: Plain) -> Charge:
    """Reads a charge."""
    who = body.get("billing_details") or {}
    return Charge(
        id=body["id"],
        paid=bool(body["paid"]),
        created_at=moment(body["created"]),
        email=who.get("email"),
        name=who.get("name"),
        status=str(body["status"]),
        intent=id_in(body.get("payment_intent")),
        amount=Money(body["amount"], body["currency"].upper()),
        tags=tags_from(body.get("metadata")),
        failure=failure_of(body.get("failure_code"), (body.get("outcome") or {}).get("reason")),
    )


def invoice_of(body: Plain) -> Invoice:
    """Reads an invoice whose `payments` are included."""
    lines = body["lines"]["data"]
    period = lines[0]["period"] if lines else {"start": body["period_start"], "end": body["period_end"]}
    return Invoice(
        id=body.get("id") or "",
        status=str(body["status"]),
        subscription=id_in(_details(body).get("subscription")),
        tags=_tags_of_invoice(body),
        period_start=moment(period["start"]),
        period_end=moment(period["end"]),
        amount_paid=Money(body["amount_paid"], body["currency"].upper()),
        intents=_intents(body, "paid"),
        open_intents=_intents(body, "open"),
        tries=body.get("attempt_count") or 0,
        next_try_at=moment(body["next_payment_attempt"]) if body.get("next_payment_attempt") else None,
        hosted_url=body.get("hosted_invoice_url"),
        is_first=_is_first(body),
    )


def transaction_of(body: Plain) -> BalanceTransaction:
    """Reads a balance transaction."""
    currency = body["currency"].upper()
    return BalanceTransaction(
        id=body["id"],
        kind=str(body["type"]),
        source=id_in(body.get("source")),
        amount=Money(body["amount"], currency),
        fee=Money(body["fee"], currency),
        created_at=moment(body["created"]),
        available_at=moment(body["available_on"]),
    )


def _details(invoice: Plain) -> Plain:
    found: Plain = (invoice.get("parent") or {}).get("subscription_details") or {}
    return found


def _tags_of_invoice(invoice: Plain) -> Tags:
    # Those of the subscription as they stood when the invoice was made.
    return tags_from(_details(invoice).get("metadata"))


def _is_first(invoice: Plain) -> bool:
    return bool(invoice.get("billing_reason") == FIRST_INVOICE)


def _intents(body: Plain, status: str) -> tuple[str, ...]:
    payments = (body.get("payments") or {}).get("data", ())
    found = (id_in(each["payment"].get("payment_intent")) for each in payments if each["status"] == status)
    return tuple(each for each in found if each)


def id_in(thing: Any) -> str | None:
    """Returns the id of something that Stripe sends as an id or as a whole object."""
    found: str | None = thing["id"] if isinstance(thing, dict) else thing
    return found
