"""Reads the subscription behind a pledge from plain JSON, as `plain` reads the rest."""

from calendar import monthrange
from datetime import date, datetime
from typing import Any

from membership.money import Money
from membership.payments.records import Subscription, Terms
from membership.payments.stripe_gateway.plain import Plain, id_in
from membership.payments.stripe_gateway.records import PAUSE, moment, tags_from

# What must be included with a subscription; a list does not go as deep as the schedule.
CUSTOMER, METHOD, SCHEDULE = "customer", "default_payment_method", "schedule.phases.items.price"


def subscription_of(body: Plain) -> Subscription:
    """Reads a subscription with its customer and its way to pay, and perhaps its schedule."""
    items = body["items"]["data"]
    customer = body["customer"]
    period_end = max(moment(item["current_period_end"]) for item in items)
    return Subscription(
        id=body["id"],
        status=str(body["status"]),
        amount=_amount(items[0]),
        interval=_interval(items[0]["price"]) or "month",
        started_at=moment(body["start_date"]),
        period_start_at=max(moment(item["current_period_start"]) for item in items),
        period_end_at=period_end,
        cancel_at=_moment(body.get("cancel_at")) or (period_end if body.get("cancel_at_period_end") else None),
        ended_at=_moment(body.get("ended_at")),
        tags=tags_from(body.get("metadata")),
        customer=customer["id"],
        email=customer.get("email"),
        name=customer.get("name"),
        latest_invoice=id_in(body.get("latest_invoice")),
        moved_until=_moment(body.get("trial_end")) if body["status"] == "trialing" else None,
        anchor_at=moment(body["billing_cycle_anchor"]),
        schedule=id_in(body.get("schedule")),
        becomes=_becoming(body.get("schedule"), period_end),
        **_card(body.get("default_payment_method")),
        **_pause(body),
    )


def _card(method: Any) -> dict[str, Any]:
    card = method.get("card") if isinstance(method, dict) else None
    if not card:
        return {"card_brand": None, "card_last4": None}
    expires = _last_day(card["exp_year"], card["exp_month"])
    return {"card_brand": card["brand"], "card_last4": card["last4"], "card_expires": expires}


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _pause(body: Plain) -> dict[str, Any]:
    collection = body.get("pause_collection")
    return {
        "is_paused": collection is not None,
        "paused_until": _moment(collection.get("resumes_at")) if collection else None,
        "pause": (body.get("metadata") or {}).get(PAUSE),
    }


def _becoming(schedule: Any, period_end: datetime) -> Terms | None:
    """Reads what begins at the period's end; `None` if nothing does, or the schedule is no more than an id."""
    for phase in schedule["phases"] if isinstance(schedule, dict) else ():
        item = phase["items"][0]
        interval = _interval(item["price"])
        if moment(phase["start_date"]) >= period_end and interval:
            return Terms(_amount(item), interval, moment(phase["start_date"]))
    return None


def _amount(item: Plain) -> Money:
    price = item["price"]
    return Money((price.get("unit_amount") or 0) * (item.get("quantity") or 1), price["currency"].upper())


def _interval(price: Any) -> str | None:
    """Returns how often a price is taken; `None` if it is taken once, or is no more than an id."""
    recurring = price.get("recurring") if isinstance(price, dict) else None
    return str(recurring["interval"]) if recurring else None


def _moment(seconds: int | None) -> datetime | None:
    return moment(seconds) if seconds else None
