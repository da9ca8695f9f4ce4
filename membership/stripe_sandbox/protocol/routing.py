"""The table of the API: the routes of all topics; each stands beside its handler."""

from membership.stripe_sandbox.billing import (
    invoice_routes,
    portal,
    portal_configurations,
    previews,
    schedules,
    subscription_changes,
    subscription_creation,
    subscription_items,
    subscriptions,
    test_clocks,
)
from membership.stripe_sandbox.money import balance, balance_settings, disputes, fraud_warnings, payouts, refunds
from membership.stripe_sandbox.payments import (
    account,
    bank_accounts,
    charges,
    checkout,
    customers,
    intent_routes,
    payment_methods,
    prices,
    products,
)
from membership.stripe_sandbox.protocol import lists
from membership.stripe_sandbox.protocol.routes import Route
from membership.stripe_sandbox.webhooks import endpoints

TOPICS = (
    account,
    balance,
    balance_settings,
    bank_accounts,
    charges,
    checkout,
    customers,
    disputes,
    endpoints,
    fraud_warnings,
    intent_routes,
    invoice_routes,
    lists,
    payment_methods,
    payouts,
    portal,
    portal_configurations,
    previews,
    prices,
    products,
    refunds,
    schedules,
    subscription_changes,
    subscription_creation,
    subscription_items,
    subscriptions,
    test_clocks,
)
ROUTES: tuple[Route, ...] = tuple(route for topic in TOPICS for route in topic.ROUTES)
