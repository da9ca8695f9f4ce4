"""Effects of subscriptions, invoices, payment methods, the billing portal and webhook endpoints."""

from typing import Any

from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.steps import DAY

API = "https://docs.stripe.com/api"
UPDATE, ENDPOINT = "POST /v1/subscriptions/{id}", "POST /v1/webhook_endpoints"
CHANGE = f"{API}/subscriptions/update"


def of_pledge(stage: Stage) -> tuple[str, Json]:
    subscription = stage.subscription()
    item = subscription["items"]["data"][0]
    stage.notes |= {
        "customer": subscription["customer"],
        "item": item["id"],
        "subscription": subscription["id"],
        "in_ten_days": stage.browser.get("/_sandbox/health").json["now"] + 10 * DAY,
    }
    return subscription["id"], {}


def of_item(stage: Stage) -> tuple[str, Json]:
    object_id, _ = of_pledge(stage)
    return object_id, {"proration_behavior": "none", "items": []}


def two_pledges(stage: Stage) -> tuple[str, Json]:
    """Leaves one pledge that has ended, and one that lives and is noted."""
    stage.call("DELETE /v1/subscriptions/{id}", stage.subscription()["id"], {})
    of_pledge(stage)
    return "", {"limit": 100}


def of_receiver(stage: Stage) -> tuple[str, Json]:
    return "", {"url": stage.receiver.url, "enabled_events": ["*"]}


def of_endpoint(stage: Stage) -> tuple[str, Json]:
    return stage.call(ENDPOINT, "", of_receiver(stage)[1])["id"], {}


def after_a_month(stage: Stage, subscription: Json) -> Json:
    stage.browser.advance(32 * DAY)
    return stage.get(f"/v1/subscriptions/{subscription['id']}")


def newest_invoice(stage: Stage, subscription: Json) -> Json:
    after_a_month(stage, subscription)
    return stage.all(f"/v1/invoices?subscription={subscription['id']}")[0]


def delivered(stage: Stage, _made: Json) -> set[str]:
    stage.charge()
    stage.browser.post_json("/_sandbox/deliveries/flush", {})
    return set(stage.receiver.types())


def items(**price: Any) -> Json:
    priced = {"currency": "eur", "product": "membership_pledge", "recurring": {"interval": "month"}} | price
    return {"items": [{"id": "$item", "price_data": priced}]}


PLEDGES = (
    Effect(
        UPDATE, {"cancel_at_period_end": True}, "subscription.status a month later",
        "https://docs.stripe.com/billing/subscriptions/cancel", of_pledge,
        lambda s, made: after_a_month(s, made)["status"], "canceled",
    ),
    Effect(
        UPDATE, {"cancel_at_period_end": True}, "customer.subscription.updated event", f"{CHANGE}", of_pledge,
        lambda s, made: [each["cancel_at_period_end"] for each in s.events("customer.subscription.updated")], [True],
    ),
    Effect(
        UPDATE, {"cancel_at_period_end": True, "cancellation_details": {"comment": "Moving"}},
        "customer.subscription.deleted event", f"{CHANGE}#update_subscription-cancellation_details", of_pledge,
        lambda s, made: after_a_month(s, made)
        and [each["cancellation_details"]["comment"] for each in s.events("customer.subscription.deleted")],
        ["Moving"], otherwise={"cancel_at_period_end": True},
    ),
    Effect(
        UPDATE, {"cancel_at": "$in_ten_days", "proration_behavior": "none"}, "subscription.status a month later",
        f"{CHANGE}#update_subscription-cancel_at", of_pledge,
        lambda s, made: after_a_month(s, made)["status"], "canceled",
    ),
    Effect(
        UPDATE, {"pause_collection": {"behavior": "void"}}, "the next invoice's status",
        "https://docs.stripe.com/billing/subscriptions/pause-payment", of_pledge,
        lambda s, made: newest_invoice(s, made)["status"], "void",
    ),
    Effect(
        UPDATE, {"trial_end": "$in_ten_days", "proration_behavior": "none"}, "subscription.status",
        "https://docs.stripe.com/billing/subscriptions/billing-cycle", of_pledge,
        lambda s, made: s.get(f"/v1/subscriptions/{made['id']}")["status"], "trialing",
    ),
    Effect(
        UPDATE, items(unit_amount=900), "the next invoice's amount",
        "https://docs.stripe.com/billing/subscriptions/change-price", of_item,
        lambda s, made: newest_invoice(s, made)["amount_paid"], 900, otherwise=items(unit_amount=500),
    ),
    Effect(
        UPDATE, {"metadata": {"tier": "gold"}}, "the next invoice's parent metadata", f"{API}/metadata", of_pledge,
        lambda s, made: newest_invoice(s, made)["parent"]["subscription_details"]["metadata"].get("tier"), "gold",
    ),
    Effect(
        UPDATE, {"description": "For the desk"}, "customer.subscription.updated event", CHANGE, of_pledge,
        lambda s, made: [each["description"] for each in s.events("customer.subscription.updated")], ["For the desk"],
    ),
    Effect(
        "DELETE /v1/subscriptions/{id}", {"cancellation_details": {"feedback": "too_expensive"}},
        "customer.subscription.deleted event", f"{API}/subscriptions/cancel", of_pledge,
        lambda s, made: s.events("customer.subscription.deleted")[0]["cancellation_details"]["feedback"],
        "too_expensive",
    ),
    Effect(
        "GET /v1/subscriptions", {"status": "all"}, "which are listed", f"{API}/subscriptions/list", two_pledges,
        lambda s, made: sorted(each["status"] for each in made["data"]), ["active", "canceled"],
    ),
    Effect(
        "GET /v1/invoices", {"subscription": "$subscription"}, "which are listed", f"{API}/invoices/list", two_pledges,
        lambda s, made: len(made["data"]), 1,
    ),
    Effect(
        "GET /v1/invoices", {"customer": "$customer"}, "which are listed", f"{API}/invoices/list", two_pledges,
        lambda s, made: len(made["data"]), 1,
    ),
    Effect(
        "POST /v1/invoices/create_preview",
        {"subscription_details": items(unit_amount=900) | {"proration_behavior": "none"}},
        "invoice.amount_due", f"{API}/invoices/create_preview",
        lambda s: ("", {"subscription": of_pledge(s)[0]}), lambda s, made: made["amount_due"], 900,
    ),
)  # fmt: skip

WEBHOOKS = (
    Effect(
        ENDPOINT, {"enabled_events": ["charge.succeeded"]}, "what is delivered", f"{API}/webhook_endpoints/create",
        of_receiver, delivered, {"charge.succeeded"},
    ),
    Effect(
        "POST /v1/webhook_endpoints/{id}", {"enabled_events": ["charge.updated"]}, "what is delivered",
        f"{API}/webhook_endpoints/update", of_endpoint, delivered, {"charge.updated"},
    ),
    Effect(
        "POST /v1/webhook_endpoints/{id}", {"disabled": True}, "what is delivered",
        f"{API}/webhook_endpoints/update", of_endpoint, delivered, set(),
    ),
    Effect(
        "DELETE /v1/webhook_endpoints/{id}", {}, "what is delivered", f"{API}/webhook_endpoints/delete",
        of_endpoint, delivered, set(),
    ),
    Effect(
        "GET /v1/events", {"delivery_success": False}, "which are listed", f"{API}/events/list",
        lambda s: ("", {"limit": 100} if of_endpoint(s) and delivered(s, {}) else {}),
        lambda s, made: [each["type"] for each in made["data"]], [],
    ),
)  # fmt: skip

BILLING = (*PLEDGES, *WEBHOOKS)
