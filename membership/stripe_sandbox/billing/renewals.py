"""What time does to a subscription: it is announced, billed anew, resumed after a pause, or ended.

At the end of a period Stripe drafts the invoice, finalises it about an hour later and charges it then
(https://docs.stripe.com/billing/invoices/subscription, https://docs.stripe.com/billing/subscriptions/webhooks).
"""

from membership.stripe_sandbox.billing.invoice_drafts import draft
from membership.stripe_sandbox.billing.invoices import close, finalize
from membership.stripe_sandbox.billing.phases import pass_phase
from membership.stripe_sandbox.billing.previews import next_invoice
from membership.stripe_sandbox.billing.subscription_items import begin_period
from membership.stripe_sandbox.billing.subscriptions import (
    end,
    keep,
    period_end,
    period_start,
    trial_notice_at,
    upcoming_at,
)
from membership.stripe_sandbox.protocol.shapes import Json, copied
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change, is_heard

VERDICTS = {"mark_uncollectible": "uncollectible", "void": "void"}


def subscription_due(store: Store, subscription: Json, *, now: int) -> None:
    """Does the one thing whose moment has come first; what else is due at the same moment falls due again."""
    paused = subscription["pause_collection"]
    if subscription["status"] == "incomplete":
        _expire(store, subscription, now=now)
    elif paused and paused["resumes_at"] and paused["resumes_at"] <= now:
        _resume(store, subscription, now=now)
    elif subscription["cancel_at"] and subscription["cancel_at"] <= now:
        end(store, subscription, now=now)
    elif period_end(subscription) <= now:
        pass_period_end(store, subscription, now=now)
    else:
        _announce(store, subscription, now=now)


def _expire(store: Store, subscription: Json, *, now: int) -> None:
    """Gives a subscription up whose first invoice was not paid within 23 hours; the invoice becomes void."""
    after = subscription | {"ended_at": now, "status": "incomplete_expired"}
    keep(store, after, now=now)
    emit_change(store, "customer.subscription.updated", subscription, after, now=now)
    invoice = store.must(subscription["latest_invoice"])
    if invoice["status"] == "open":
        close(store, invoice, "void", now=now)


def _resume(store: Store, subscription: Json, *, now: int) -> None:
    after = subscription | {"pause_collection": None}
    keep(store, after, now=now)
    emit_change(store, "customer.subscription.updated", subscription, after, now=now)


def _announce(store: Store, subscription: Json, *, now: int) -> None:
    if trial_notice_at(subscription) == now:
        emit(store, "customer.subscription.trial_will_end", subscription, now=now)
    if upcoming_at(store, subscription) == now and is_heard(store, "invoice.upcoming", now=now):
        emit(store, "invoice.upcoming", next_invoice(store, subscription, now=now), now=now)
    keep(store, subscription, now=now)


def pass_period_end(store: Store, subscription: Json, *, now: int) -> None:
    """Begins the next period and drafts its invoice, unless the subscription ends with its schedule."""
    before = copied(subscription)
    if subscription["schedule"] and pass_phase(store, subscription, now=now):
        return
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    for item in subscription["items"]["data"]:
        begin_period(item, anchor=subscription["billing_cycle_anchor"], now=item["current_period_end"])
    invoice = bill(store, subscription, since=period_start(before), now=now)
    subscription["latest_invoice"] = invoice["id"]
    keep(store, subscription, now=now)
    emit_change(store, "customer.subscription.updated", before, subscription, now=now)


def bill(store: Store, subscription: Json, *, since: int, now: int) -> Json:
    """Drafts the invoice of a new period, as the subscription's pause would have it, or its being unpaid.

    https://docs.stripe.com/billing/subscriptions/pause-payment
    """
    behavior = (subscription["pause_collection"] or {}).get("behavior")
    advances = behavior is None and subscription["status"] != "unpaid"
    invoice = draft(store, subscription, reason="subscription_cycle", since=since, now=now, advances=advances)
    if behavior in VERDICTS:
        close(store, finalize(store, invoice, now=now), VERDICTS[behavior], now=now)
    return invoice
