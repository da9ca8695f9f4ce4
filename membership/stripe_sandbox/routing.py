"""The table of the API: each route with its handler, the SDK's parameter type, and the parameters acted upon."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from stripe import params
from stripe.params import checkout as checkout_params

from membership.stripe_sandbox import (
    account,
    balance,
    checkout,
    customers,
    endpoints,
    invoices,
    products,
    refunds,
    subscriptions,
)
from membership.stripe_sandbox.calls import Call
from membership.stripe_sandbox.lists import list_events, listing
from membership.stripe_sandbox.shapes import Json

Handler: TypeAlias = Callable[[Call], Json]


@dataclass(frozen=True)
class Route:
    """One operation. `declared` is the SDK's TypedDict of parameters, `modelled` the dotted paths acted on."""

    method: str
    path: str
    declared: type[Any]
    handler: Handler
    modelled: frozenset[str] = frozenset()


def _route(method: str, path: str, declared: type[Any], handler: Handler, *, modelled: str = "") -> Route:
    return Route(method, path, declared, handler, frozenset(modelled.split()))


def _retrieving(kind: str) -> Handler:
    return lambda call: call.found(kind)


CURSOR = " limit starting_after ending_before"

ROUTES = (
    _route(
        "GET", "/v1/account", params.AccountRetrieveCurrentParams,
        account.retrieve_account,
    ),
    _route("GET", "/v1/balance", params.BalanceRetrieveParams, balance.retrieve_balance),
    _route(
        "GET", "/v1/balance_transactions", params.BalanceTransactionListParams,
        listing(
            "balance_transaction", "/v1/balance_transactions",
            {"currency": "currency", "source": "source", "type": "type"},
        ),
        modelled="created currency source type" + CURSOR,
    ),
    _route(
        "GET", "/v1/balance_transactions/{id}",
        params.BalanceTransactionRetrieveParams, _retrieving("balance_transaction"),
    ),
    _route("GET", "/v1/charges/{id}", params.ChargeRetrieveParams, _retrieving("charge")),
    _route(
        "POST", "/v1/checkout/sessions", checkout_params.SessionCreateParams,
        checkout.create_session,
        modelled="cancel_url client_reference_id customer customer_creation customer_email expires_at locale "
        "metadata mode submit_type success_url line_items.quantity line_items.price_data.currency "
        "line_items.price_data.unit_amount line_items.price_data.product line_items.price_data.product_data.name "
        "line_items.price_data.product_data.description line_items.price_data.product_data.metadata "
        "line_items.price_data.recurring payment_intent_data.description payment_intent_data.metadata "
        "payment_intent_data.receipt_email payment_intent_data.statement_descriptor "
        "payment_intent_data.statement_descriptor_suffix subscription_data.description subscription_data.metadata",
    ),
    _route(
        "GET", "/v1/checkout/sessions", checkout_params.SessionListParams,
        listing(
            "checkout.session", "/v1/checkout/sessions",
            {
                "customer": "customer", "payment_intent": "payment_intent", "status": "status",
                "subscription": "subscription",
            },
        ),
        modelled="created customer payment_intent status subscription" + CURSOR,
    ),
    _route(
        "GET", "/v1/checkout/sessions/{id}", checkout_params.SessionRetrieveParams,
        checkout.retrieve_session,
    ),
    _route(
        "POST", "/v1/checkout/sessions/{id}/expire", checkout_params.SessionExpireParams,
        checkout.expire_session,
    ),
    _route(
        "POST", "/v1/customers", params.CustomerCreateParams, customers.create_customer,
        modelled="description email metadata name phone",
    ),
    _route(
        "GET", "/v1/customers/{id}", params.CustomerRetrieveParams,
        customers.retrieve_customer,
    ),
    _route("GET", "/v1/events", params.EventListParams, list_events, modelled="created type types" + CURSOR),
    _route("GET", "/v1/events/{id}", params.EventRetrieveParams, _retrieving("event")),
    _route(
        "GET", "/v1/invoice_payments", params.InvoicePaymentListParams,
        invoices.list_invoice_payments,
        modelled="created invoice payment.type payment.payment_intent status" + CURSOR,
    ),
    _route(
        "GET", "/v1/invoices", params.InvoiceListParams,
        listing(
            "invoice", "/v1/invoices",
            {
                "customer": "customer", "status": "status",
                "subscription": "parent.subscription_details.subscription",
            },
        ),
        modelled="created customer status subscription" + CURSOR,
    ),
    _route("GET", "/v1/invoices/{id}", params.InvoiceRetrieveParams, _retrieving("invoice")),
    _route(
        "GET", "/v1/payment_intents/{id}", params.PaymentIntentRetrieveParams,
        _retrieving("payment_intent"),
    ),
    _route(
        "POST", "/v1/products", params.ProductCreateParams, products.create_product,
        modelled="active description id metadata name statement_descriptor url",
    ),
    _route(
        "GET", "/v1/products", params.ProductListParams, products.list_products,
        modelled="active created ids" + CURSOR,
    ),
    _route("GET", "/v1/products/{id}", params.ProductRetrieveParams, products.retrieve_product),
    _route(
        "POST", "/v1/refunds", params.RefundCreateParams, refunds.create_refund,
        modelled="amount charge metadata payment_intent reason",
    ),
    _route("GET", "/v1/refunds/{id}", params.RefundRetrieveParams, refunds.retrieve_refund),
    _route(
        "GET", "/v1/subscriptions", params.SubscriptionListParams,
        subscriptions.list_subscriptions, modelled="created customer status" + CURSOR,
    ),
    _route(
        "GET", "/v1/subscriptions/{id}", params.SubscriptionRetrieveParams,
        subscriptions.retrieve_subscription,
    ),
    _route(
        "POST", "/v1/subscriptions/{id}", params.SubscriptionUpdateParams,
        subscriptions.update_subscription,
        modelled="cancel_at_period_end cancellation_details.comment cancellation_details.feedback description metadata",
    ),
    _route(
        "DELETE", "/v1/subscriptions/{id}", params.SubscriptionCancelParams,
        subscriptions.cancel_subscription,
        modelled="cancellation_details.comment cancellation_details.feedback invoice_now prorate",
    ),
    _route(
        "POST", "/v1/webhook_endpoints", params.WebhookEndpointCreateParams,
        endpoints.create_endpoint, modelled="api_version description enabled_events metadata url",
    ),
    _route(
        "GET", "/v1/webhook_endpoints", params.WebhookEndpointListParams,
        listing("webhook_endpoint", "/v1/webhook_endpoints"), modelled=CURSOR,
    ),
    _route(
        "GET", "/v1/webhook_endpoints/{id}", params.WebhookEndpointRetrieveParams,
        endpoints.retrieve_endpoint,
    ),
    _route(
        "POST", "/v1/webhook_endpoints/{id}", params.WebhookEndpointUpdateParams,
        endpoints.update_endpoint, modelled="description disabled enabled_events metadata url",
    ),
    _route(
        "DELETE", "/v1/webhook_endpoints/{id}", params.WebhookEndpointDeleteParams,
        endpoints.delete_endpoint,
    ),
)  # fmt: skip
