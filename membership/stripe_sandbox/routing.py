"""The table of the API: the routes of all topics; each stands beside its handler."""

from membership.stripe_sandbox import (
    account,
    balance,
    checkout,
    customers,
    endpoints,
    invoices,
    lists,
    payments,
    products,
    refunds,
    subscriptions,
)
from membership.stripe_sandbox.routes import Route

TOPICS = (
    account,
    balance,
    checkout,
    customers,
    endpoints,
    invoices,
    lists,
    payments,
    products,
    refunds,
    subscriptions,
)
ROUTES: tuple[Route, ...] = tuple(route for topic in TOPICS for route in topic.ROUTES)
