"""The fields that the application reads: listed, and there wherever Stripe says that they are."""

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from stripe import StripeClient

from membership.settings import ROOT
from membership.stripe_sandbox.protocol.shapes import Json
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import Browser, donation
from tests.stripe_sandbox.test_shapes import lived

GATEWAY = ROOT / "membership" / "payments" / "stripe_gateway"


def _always(_: Json) -> bool:
    return True


def _never(_: Json) -> bool:
    return False


def _has(**values: Any) -> Callable[[Json], bool]:
    return lambda body: all(body[name] == value for name, value in values.items())


@dataclass(frozen=True)
class Read:
    """A dotted path that the application reads, and for which objects Stripe promises a value."""

    path: str
    there: Callable[[Json], bool] = _always


# By the object's name. Stripe's pages: https://docs.stripe.com/api/<object>/object
READ: dict[str, tuple[Read, ...]] = {
    "balance_transaction": (
        *map(Read, ("id", "type", "amount", "fee", "currency", "created", "available_on")),
        Read("source", lambda body: body["type"] != "stripe_fee"),
    ),
    "charge": (
        Read("id"),
        Read("paid"),
        Read("created"),
        Read("billing_details.email", lambda body: body["paid"]),
        Read("billing_details.name", _never),
        *map(Read, ("amount", "currency", "metadata", "payment_intent", "status")),
        Read("failure_code", _has(status="failed")),
        Read("outcome.reason", _has(status="failed")),
    ),
    "checkout.session": (
        Read("id"),
        Read("url", _has(status="open")),
        Read("status"),
        Read("payment_status"),
        Read("metadata.membership_attempt"),
        Read("payment_intent", _has(status="complete", mode="payment")),
        Read("subscription", _has(status="complete", mode="subscription")),
        Read("customer_details.email", _has(status="complete")),
        Read("customer_email", _never),
    ),
    "invoice": (
        Read("id"),
        Read("status"),
        Read("currency"),
        Read("amount_paid"),
        Read("period_start"),
        Read("period_end"),
        Read("lines.data.0.period.start"),
        Read("lines.data.0.period.end"),
        Read("billing_reason"),
        Read("attempt_count"),
        # Stripe asks again only for what failed, and not for ever.
        Read("next_payment_attempt", _never),
        Read("hosted_invoice_url", lambda body: body["status"] != "draft"),
        Read("parent.subscription_details.subscription"),
        Read("parent.subscription_details.metadata.membership_attempt"),
        Read("payments.data.0.payment.payment_intent", _has(status="paid")),
        Read("payments.data.0.status", _has(status="paid")),
    ),
    "payment_intent": (
        Read("id"),
        Read("status"),
        Read("amount"),
        Read("currency"),
        Read("created"),
        Read("customer", lambda body: body["description"] == "Subscription update"),
        Read("latest_charge", _has(status="succeeded")),
        Read("metadata"),
    ),
    "subscription": (
        Read("id"),
        Read("status"),
        Read("start_date"),
        Read("customer"),
        Read("default_payment_method"),
        Read("latest_invoice"),
        Read("metadata.membership_attempt"),
        Read("items.data.0.current_period_start"),
        Read("items.data.0.current_period_end"),
        Read("items.data.0.quantity"),
        Read("items.data.0.price.unit_amount"),
        Read("items.data.0.price.currency"),
        Read("items.data.0.price.recurring.interval"),
        Read("cancel_at_period_end"),
        Read("cancel_at", _has(cancel_at_period_end=True)),
        Read("ended_at", _has(status="canceled")),
        Read("pause_collection", _never),
        Read("billing_cycle_anchor"),
        Read("schedule", _never),
        Read("trial_end", _never),
    ),
}
# What the gateway's readers read, each in a parameter `body`; what several share comes as `invoice`.
READERS = {
    "checkout_of": "checkout.session",
    "intent_of": "payment_intent",
    "subscription_of": "subscription",
    "invoice_of": "invoice",
    "transaction_of": "balance_transaction",
    "charge_of": "charge",
}
LISTS = {
    "balance_transaction": "/v1/balance_transactions",
    "charge": "/v1/charges",
    "checkout.session": "/v1/checkout/sessions",
    "invoice": "/v1/invoices",
    "payment_intent": "/v1/payment_intents",
    "subscription": "/v1/subscriptions",
}
EXPANDED = {"invoice": "&expand[]=data.payments", "subscription": "&status=all"}


def _value(body: Any, path: str) -> Any:
    for name in path.split("."):
        if body is None:
            return None
        body = body[int(name)] if isinstance(body, list) else body.get(name)
    return body


@pytest.mark.parametrize("kind", READ)
def test_what_the_application_reads_is_there(
    client: StripeClient, browser: Browser, receiver: Receiver, kind: str
) -> None:
    ids = lived(client, browser, receiver)
    donation(client)
    client.v1.subscriptions.cancel(ids["subscriptions"])
    found = browser.get_api(f"{LISTS[kind]}?limit=100{EXPANDED.get(kind, '')}")["data"]
    ours = [body for body in found if kind in ("balance_transaction", "charge", "payment_intent") or _is_ours(body)]
    assert ours, json.dumps(found)[:500]
    missing = [
        f"{body['id']}.{read.path} ({body.get('status')})"
        for body in ours
        for read in READ[kind]
        if read.there(body) and _value(body, read.path) is None
    ]
    assert missing == []
    for read in READ[kind]:
        assert read.there is _never or any(read.there(body) for body in ours), f"nothing shows {kind}.{read.path}"


def _is_ours(body: Json) -> bool:
    metadata = _value(body, "parent.subscription_details.metadata") or body["metadata"]
    return "membership_attempt" in metadata


def test_nothing_is_read_that_is_not_listed() -> None:
    read = {each for name in ("plain.py", "subscriptions.py") for each in _reads(GATEWAY / name)}
    assert {kind for kind, _ in read} == set(READ)
    listed = {(kind, each.path.partition(".")[0]) for kind, reads in READ.items() for each in reads}
    assert read - listed == set()


def _reads(module: Path) -> Iterator[tuple[str, str]]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        kinds = {"body": READERS.get(function.name), "invoice": "invoice"}
        for node in ast.walk(function):
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=field)):
                    pass
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[ast.Constant(value=field), *_]
                ):
                    pass
                case _:
                    continue
            kind = kinds.get(name)
            if kind is not None:
                yield kind, str(field)
