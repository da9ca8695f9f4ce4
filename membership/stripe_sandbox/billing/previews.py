"""Invoices that do not exist yet: the next one of a subscription, as it stands or as it would be changed."""

from stripe import params

from membership.stripe_sandbox.billing.invoice_drafts import DRAFT_SECONDS, compose
from membership.stripe_sandbox.billing.item_changes import change_items, check_proration
from membership.stripe_sandbox.billing.phases import coming_phase, enter_phase
from membership.stripe_sandbox.billing.subscription_items import begin_period
from membership.stripe_sandbox.billing.subscriptions import ENDED, is_renewed, period_end, period_start
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import ApiError, missing_parameter, not_modelled
from membership.stripe_sandbox.protocol.ids import random_text
from membership.stripe_sandbox.protocol.routes import route
from membership.stripe_sandbox.protocol.shapes import Json, copied
from membership.stripe_sandbox.state.store import Store


def create_preview(call: Call) -> Json:
    """Answers the invoice that would come next, for a subscription as it is or with `subscription_details` applied.

    Nothing of it is kept (https://docs.stripe.com/api/invoices/create_preview).
    """
    subscription = _subscription(call)
    if subscription["status"] in ENDED:
        raise _none(subscription)
    details = call.get("subscription_details", {})
    if "cancel_at_period_end" in details:
        subscription["cancel_at_period_end"] = details["cancel_at_period_end"]
        subscription["cancel_at"] = period_end(subscription) if details["cancel_at_period_end"] else None
    if "items" in details:
        check_proration(details, "subscription_details[proration_behavior]")
        if change_items(call, subscription, details["items"], "subscription_details[items]"):
            return _changed_today(call, subscription)
    return next_invoice(call.store, subscription, now=call.now)


def _subscription(call: Call) -> Json:
    if "subscription" in call.params:
        found = call.named("subscription", "subscription")
        if call.get("customer", found["customer"]) != found["customer"]:
            message = "The subscription belongs to another customer."
            raise ApiError(400, message, param="subscription")
        return copied(found)
    if "customer" not in call.params:
        raise missing_parameter("subscription")
    customer = call.named("customer", "customer")
    living = [each for each in call.store.every("subscription", customer=customer["id"]) if not each["ended_at"]]
    if not living:
        raise _none({"customer": customer["id"]})
    if len(living) > 1:
        raise not_modelled("customer", "This customer has several subscriptions: name one with `subscription`.")
    return living[0]


def _none(subscription: Json) -> ApiError:
    message = f"No upcoming invoices for customer: {subscription['customer']}"
    return ApiError(404, message, code="invoice_upcoming_none")


def next_invoice(store: Store, subscription: Json, *, now: int) -> Json:
    """Returns the invoice that a renewal would make. Raises ApiError 404 where the subscription is not renewed."""
    renewed = copied(subscription)
    renews_at = period_end(subscription)
    if subscription["status"] in ENDED or not is_renewed(store, subscription):
        raise _none(subscription)
    phase = coming_phase(store, subscription, renews_at)
    if phase:
        enter_phase(store, renewed, phase)
    if renewed["status"] == "trialing":
        renewed["status"] = "active"
    for item in renewed["items"]["data"]:
        begin_period(item, anchor=renewed["billing_cycle_anchor"], now=renews_at)
    return _upcoming(store, renewed, since=period_start(subscription), at=renews_at)


def _changed_today(call: Call, subscription: Json) -> Json:
    since = period_start(subscription)
    for item in subscription["items"]["data"]:
        begin_period(item, anchor=call.now, now=call.now)
    return _upcoming(call.store, subscription, since=since, at=call.now) | {"next_payment_attempt": call.now}


def _upcoming(store: Store, subscription: Json, *, since: int, at: int) -> Json:
    object_id = f"upcoming_in_1{random_text(23)}"
    invoice = compose(store, subscription, object_id, reason="upcoming", since=since, now=at)
    return invoice | {"next_payment_attempt": at + DRAFT_SECONDS}


ROUTES = (
    route(
        "POST", "/v1/invoices/create_preview", params.InvoiceCreatePreviewParams, create_preview,
        modelled="customer subscription subscription_details.cancel_at_period_end subscription_details.items.id "
        "subscription_details.items.price subscription_details.items.price_data.currency "
        "subscription_details.items.price_data.product subscription_details.items.price_data.recurring "
        "subscription_details.items.price_data.unit_amount subscription_details.items.quantity "
        "subscription_details.proration_behavior",
    ),
)  # fmt: skip
