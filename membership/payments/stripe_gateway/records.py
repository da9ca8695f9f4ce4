"""Turns Stripe's objects into our records. Enums stay open; what Stripe leaves out becomes `None`."""

import json
from datetime import UTC, datetime

import stripe
from stripe import checkout

from membership.money import Money
from membership.payments.records import (
    Checkout,
    DisputeSeen,
    EventSeen,
    PayoutSeen,
    RefundSeen,
    Tags,
)

SITE = "membership_site"
ATTEMPT = "membership_attempt"
REFUND = "membership_refund"
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


def failure_of(code: str | None, reason: str | None) -> str | None:
    """Returns why a charge failed: of one that was declined, what the bank said, if it said more than that.

    https://docs.stripe.com/declines/codes
    """
    return reason if code == "card_declined" and reason not in (None, "generic_decline") else code


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
