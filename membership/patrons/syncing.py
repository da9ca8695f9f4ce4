"""The syncs of pledges: a subscription and its invoices, brought from Stripe into our tables."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_ignore
from membership.outbox.rows import enqueue
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.pledges import keep_subscription
from membership.patrons.who import standing_of
from membership.payments.mirror import Cause, Mirror, Thing, reflect
from membership.payments.models import Payment
from membership.payments.receipts import pledge_is_known
from membership.payments.records import Invoice, Subscription
from membership.payments.syncing import require_ours, sync_checkout, sync_payment


def sync_subscription(mirror: Mirror, subscription_id: str, cause: Cause) -> Subscription | None:
    """Brings a pledge up to date from its subscription."""
    return reflect(
        mirror, Thing("subscription", subscription_id), mirror.gateway.subscription, keep_subscription, cause
    )


def sync_invoice(mirror: Mirror, invoice_id: str, cause: Cause) -> Invoice | None:
    """Brings an invoice's payments up to date, ties them to the pledge, and says who may vote now."""

    def keep(session: Session, invoice: Invoice, _cause: Cause, now: datetime) -> None:
        pledge = keep_invoice(session, invoice, now=now)
        if pledge is not None and pledge.live and standing_of(session, pledge.account_id, now=now).may_vote:
            for hook in mirror.may_vote_now:
                hook(session, pledge.account_id, now=now)

    def fetch(object_id: str) -> Invoice:
        invoice = mirror.gateway.invoice(object_id)
        # What the invoice leans on comes first: its transaction must find the pledge and the payments.
        if invoice.subscription is not None:
            sync_subscription(mirror, invoice.subscription, cause)
        for intent in (*invoice.intents, *invoice.open_intents):
            sync_payment(mirror, intent, cause)
        return invoice

    return reflect(mirror, Thing("invoice", invoice_id), fetch, keep, cause)


def sync_pledge_checkout(mirror: Mirror, checkout_id: str, cause: Cause) -> None:
    """Brings a Checkout session up to date with all that it made: the payment, or the pledge and its first invoice."""
    checkout = sync_checkout(mirror, checkout_id, cause)
    if checkout is None or checkout.subscription is None:
        return
    subscription = sync_subscription(mirror, checkout.subscription, cause)
    if subscription is not None and subscription.latest_invoice is not None:
        sync_invoice(mirror, subscription.latest_invoice, cause)


def keep_invoice(session: Session, invoice: Invoice, *, now: datetime) -> Pledge | None:
    """Ties the payments of an invoice to its pledge and period; returns the pledge, or `None` if it pays for none.

    The letters with their receipts, which say what comes next, may then go out, and the welcome to a new patron.
    Raises `NotOurs` if the subscription bore no mark of this site.
    """
    if invoice.subscription is None:
        require_ours(session, invoice.tags)
        return None
    pledge = session.scalar(select(Pledge).where(Pledge.subscription == invoice.subscription))
    if pledge is None:
        require_ours(session, invoice.tags)
        return None
    payments = session.scalars(select(Payment).where(Payment.payment_intent.in_(invoice.intents)))
    for payment in payments.all():
        insert_ignore(
            session,
            PledgePayment,
            payment_id=payment.id,
            pledge_id=pledge.id,
            period_start=invoice.period_start,
            period_end=invoice.period_end,
        )
        pledge_is_known(session, payment, now=now)
        # By its key it goes out once, with the first payment: a bank debit that is on its way welcomes nobody.
        enqueue(session, "welcome", pledge.subscription, {"subscription": pledge.subscription}, now=now)
    return pledge
