"""Turns Stripe's objects into our records. Enums stay open; what Stripe leaves out becomes `None`."""

import json
from calendar import monthrange
from datetime import UTC, date, datetime
from typing import cast

import stripe
from stripe import checkout

from membership.money import Money
from membership.payments.records import (
    BalanceTransaction,
    Charge,
    Checkout,
    DisputeSeen,
    EventSeen,
    Intent,
    Invoice,
    PayoutSeen,
    RefundSeen,
    Subscription,
    Tags,
    Terms,
)

SITE = "membership_site"
ATTEMPT = "membership_attempt"
REFUND = "membership_refund"
# Why Stripe wrote the invoice with which a subscription begins.
FIRST_INVOICE = "subscription_create"
# What a pause is stands beside it: Stripe knows only that nothing is collected.
PAUSE = "membership_pause"


def checkout_from(session: checkout.Session) -> Checkout:
    """Reads a Checkout session."""
    details = session.customer_details
    return Checkout(
        id=session.id,
        url=session.url,
        status=str(session.status),
        payment_status=str(session.payment_status),
        tags=tags_from(session.metadata),
        intent=id_of(session.payment_intent),
        subscription=id_of(session.subscription),
        email=(details.email if details else None) or session.customer_email,
        name=details.name if details else None,
    )


def intent_from(
    intent: stripe.PaymentIntent, *, tags: Tags | None = None, invoice: str | None = None, is_first: bool = False
) -> Intent:
    """Reads a payment intent whose `latest_charge` is expanded; `tags` replace its own if its invoice bears them."""
    return Intent(
        id=intent.id,
        status=str(intent.status),
        amount=Money(intent.amount, intent.currency.upper()),
        created_at=moment(intent.created),
        tags=tags or tags_from(intent.metadata),
        customer=id_of(intent.customer),
        charge=_charge_of(intent.latest_charge),
        invoice=invoice,
        is_first_of_subscription=is_first,
    )


def _charge_of(charge: str | stripe.Charge | None) -> Charge | None:
    return None if charge is None or isinstance(charge, str) else charge_from(charge)


def charge_from(charge: stripe.Charge) -> Charge:
    """Reads a charge."""
    who = charge.billing_details
    return Charge(
        id=charge.id,
        paid=bool(charge.paid),
        created_at=moment(charge.created),
        email=who.email if who else None,
        name=who.name if who else None,
        status=str(charge.status),
        intent=id_of(charge.payment_intent),
        amount=Money(charge.amount, charge.currency.upper()),
        tags=tags_from(charge.metadata),
        failure=failure_of(charge.failure_code, charge.outcome.reason if charge.outcome else None),
    )


def failure_of(code: str | None, reason: str | None) -> str | None:
    """Returns why a charge failed: of one that was declined, what the bank said, if it said more than that.

    https://docs.stripe.com/declines/codes
    """
    return reason if code == "card_declined" and reason not in (None, "generic_decline") else code


def subscription_from(subscription: stripe.Subscription) -> Subscription:
    """Reads a subscription whose `customer` and `default_payment_method` are expanded, and perhaps its `schedule`."""
    items = subscription["items"].data
    price = items[0].price
    customer = cast(stripe.Customer, subscription.customer)
    period_end = max(moment(item.current_period_end) for item in items)
    cancel_at = moment(subscription.cancel_at) if subscription.cancel_at else None
    if cancel_at is None and subscription.cancel_at_period_end:
        cancel_at = period_end
    card = _card_of(subscription.default_payment_method)
    pause = subscription.pause_collection
    return Subscription(
        id=subscription.id,
        status=str(subscription.status),
        amount=Money((price.unit_amount or 0) * (items[0].quantity or 1), price.currency.upper()),
        interval=str(price.recurring.interval) if price.recurring else "month",
        started_at=moment(subscription.start_date),
        period_start_at=max(moment(item.current_period_start) for item in items),
        period_end_at=period_end,
        cancel_at=cancel_at,
        ended_at=moment(subscription.ended_at) if subscription.ended_at else None,
        tags=tags_from(subscription.metadata),
        customer=customer.id,
        email=getattr(customer, "email", None),
        name=getattr(customer, "name", None),
        card_brand=card.brand if card else None,
        card_last4=card.last4 if card else None,
        card_expires=_last_day(card.exp_year, card.exp_month) if card else None,
        latest_invoice=id_of(subscription.latest_invoice),
        is_paused=pause is not None,
        paused_until=moment(pause.resumes_at) if pause and pause.resumes_at else None,
        pause=subscription.metadata.to_dict().get(PAUSE) if subscription.metadata else None,
        moved_until=_moved_until(subscription),
        anchor_at=moment(subscription.billing_cycle_anchor),
        schedule=id_of(subscription.schedule),
        becomes=_becoming(subscription.schedule, period_end),
    )


def _card_of(method: str | stripe.PaymentMethod | None) -> stripe.PaymentMethod.Card | None:
    if method is None or isinstance(method, str) or "card" not in method:
        return None
    return method.card


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _moved_until(subscription: stripe.Subscription) -> datetime | None:
    is_moved = subscription.status == "trialing" and subscription.trial_end is not None
    return moment(subscription.trial_end or 0) if is_moved else None


def _becoming(schedule: object, period_end: datetime) -> Terms | None:
    """Reads what begins at the period's end; `None` if nothing does, or the schedule is no more than an id."""
    if not isinstance(schedule, stripe.SubscriptionSchedule):
        return None
    for phase in schedule.phases:
        price = phase["items"][0].price
        if moment(phase.start_date) >= period_end and isinstance(price, stripe.Price) and price.recurring:
            amount = Money((price.unit_amount or 0) * (phase["items"][0].quantity or 1), price.currency.upper())
            return Terms(amount, str(price.recurring.interval), moment(phase.start_date))
    return None


def invoice_from(invoice: stripe.Invoice) -> Invoice:
    """Reads an invoice whose `payments` are included."""
    # The invoice's own period is the one before; what was paid for stands on its line.
    period = invoice.lines.data[0].period if invoice.lines.data else None
    return Invoice(
        id=invoice.id or "",
        status=str(invoice.status),
        subscription=subscription_of(invoice),
        tags=tags_of_invoice(invoice),
        period_start=moment(period.start if period else invoice.period_start),
        period_end=moment(period.end if period else invoice.period_end),
        amount_paid=Money(invoice.amount_paid, invoice.currency.upper()),
        intents=_intents_of(invoice, "paid"),
        open_intents=_intents_of(invoice, "open"),
        tries=invoice.attempt_count,
        next_try_at=moment(invoice.next_payment_attempt) if invoice.next_payment_attempt else None,
        hosted_url=invoice.hosted_invoice_url,
        is_first=invoice.billing_reason == FIRST_INVOICE,
    )


def _intents_of(invoice: stripe.Invoice, status: str) -> tuple[str, ...]:
    payments = invoice.payments.data if invoice.payments else []
    found = (id_of(each.payment.payment_intent) for each in payments if each.status == status)
    return tuple(each for each in found if each)


def subscription_of(invoice: stripe.Invoice) -> str | None:
    """Returns the id of the subscription that an invoice belongs to."""
    details = invoice.parent.subscription_details if invoice.parent else None
    return id_of(details.subscription) if details else None


def tags_of_invoice(invoice: stripe.Invoice) -> Tags:
    """Returns the tags of the subscription as they stood when the invoice was made."""
    details = invoice.parent.subscription_details if invoice.parent else None
    return tags_from(details.metadata if details else None)


def transaction_from(line: stripe.BalanceTransaction) -> BalanceTransaction:
    """Reads a balance transaction."""
    currency = line.currency.upper()
    return BalanceTransaction(
        id=line.id,
        kind=str(line.type),
        source=id_of(line.source),
        amount=Money(line.amount, currency),
        fee=Money(line.fee, currency),
        created_at=moment(line.created),
        available_at=moment(line.available_on),
    )


def refund_from(refund: stripe.Refund) -> RefundSeen:
    """Reads a refund."""
    pairs = refund.metadata.to_dict() if refund.metadata else {}
    return RefundSeen(
        id=refund.id,
        status=str(refund.status),
        amount=Money(refund.amount, refund.currency.upper()),
        intent=id_of(refund.payment_intent),
        charge=id_of(refund.charge),
        reason=refund.reason,
        failure=getattr(refund, "failure_reason", None),
        created_at=moment(refund.created),
        reference=pairs.get(REFUND),
    )


def dispute_from(dispute: stripe.Dispute) -> DisputeSeen:
    """Reads a dispute."""
    due = dispute.evidence_details.due_by if dispute.evidence_details else None
    return DisputeSeen(
        id=dispute.id,
        status=str(dispute.status),
        amount=Money(dispute.amount, dispute.currency.upper()),
        intent=id_of(dispute.payment_intent),
        charge=id_of(dispute.charge),
        reason=dispute.reason,
        created_at=moment(dispute.created),
        due_at=moment(due) if due else None,
    )


def payout_from(payout: stripe.Payout) -> PayoutSeen:
    """Reads a payout."""
    return PayoutSeen(
        id=payout.id,
        status=str(payout.status),
        amount=Money(payout.amount, payout.currency.upper()),
        automatic=bool(payout.automatic),
        transaction=id_of(payout.balance_transaction),
        failure=payout.failure_code,
        created_at=moment(payout.created),
        arrives_at=moment(payout.arrival_date),
    )


def event_from(event: stripe.Event) -> EventSeen:
    """Reads an event of the list, with the text that a webhook would have brought."""
    plain = event.to_dict()
    object_id = plain["data"]["object"].get("id")
    return EventSeen(
        id=event.id,
        type=event.type,
        object_id=object_id if isinstance(object_id, str) else None,
        created_at=moment(event.created),
        livemode=bool(event.livemode),
        api_version=event.api_version,
        body=json.dumps(plain, default=str),
    )


def tags_from(metadata: object) -> Tags:
    """Reads our marks from an object's metadata."""
    pairs = metadata.to_dict() if isinstance(metadata, stripe.StripeObject) else metadata
    if not isinstance(pairs, dict):
        return Tags()
    return Tags(site=pairs.get(SITE), attempt=pairs.get(ATTEMPT))


def id_of(thing: object) -> str | None:
    """Returns the id of something that Stripe sends as an id or as a whole object."""
    return thing if thing is None or isinstance(thing, str) else str(getattr(thing, "id", None))


def moment(seconds: int) -> datetime:
    """Turns Stripe's Unix seconds into an aware time."""
    return datetime.fromtimestamp(seconds, UTC)
