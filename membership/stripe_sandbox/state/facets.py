"""Facets: the values by which objects are looked up and lists are filtered, kept in rows beside the objects."""

from collections.abc import Mapping
from typing import Any

from membership.stripe_sandbox.protocol.shapes import Json

# Paths by which objects are looked up and lists are filtered.
FACETS = {
    "balance_transaction": ("currency", "source", "type"),
    "billing_portal.configuration": ("active", "is_default"),
    "charge": ("customer", "payment_intent"),
    "checkout.session": ("customer", "customer_details.email", "payment_intent", "status", "subscription"),
    "customer": ("email", "livemode"),
    "dispute": ("charge", "payment_intent"),
    "event": ("type",),
    "invoice": ("customer", "parent.subscription_details.subscription", "status"),
    "invoice_payment": ("invoice", "payment.payment_intent", "status"),
    "payment_intent": ("customer",),
    "payment_method": ("customer", "type"),
    "payout": ("arrival_date", "status"),
    "price": ("active", "currency", "lookup_key", "product", "recurring.interval", "type"),
    "product": ("active", "id"),
    "radar.early_fraud_warning": ("charge", "payment_intent"),
    "refund": ("charge", "payment_intent"),
    "subscription": ("customer", "id", "status"),
    "subscription_schedule": ("customer", "status", "subscription"),
}

# Facets that choose so many objects that going through them from the newest on is quicker.
SHARED_BY_MANY = {"active", "currency", "status", "type"}
FACETS_OF = "SELECT path, value FROM facets WHERE id = ?"
INSERT_FACET = "INSERT INTO facets VALUES (?, ?, ?, ?)"
DELETE_FACET = "DELETE FROM facets WHERE kind = ? AND path = ? AND value = ? AND id = ?"


def facets_of(body: Json) -> frozenset[tuple[str, str]]:
    """Returns the facets of an object, as paths with their values."""
    values = [(path, value_at(body, path)) for path in FACETS.get(body["object"], ())]
    return frozenset((path, str(value)) for path, value in values if value is not None)


def selection(column: str, kind: str, where: Mapping[str, tuple[str, ...]]) -> tuple[str, list[str | int]]:
    """Returns the SQL that reads a column of the objects whose facets have the values allowed, and its values."""
    # With the plus SQLite starts from the facets, and not from all objects of the kind in their order.
    few = "+" if where.keys() - SHARED_BY_MANY else ""
    sql = f"SELECT {column} FROM objects WHERE {few}kind = ?"  # noqa: S608 - constants
    values: list[str | int] = [kind]
    for path, allowed in where.items():
        marks = ", ".join("?" * len(allowed))
        sql += f" AND id IN (SELECT id FROM facets WHERE kind = ? AND path = ? AND value IN ({marks}))"  # noqa: S608 - marks are question marks
        values += [kind, path, *allowed]
    return sql, values


def value_at(body: Json, path: str) -> Any:
    """Returns what lies at a dotted path, or None where the path ends early."""
    value: Any = body
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
