"""The syncs of pledges: a subscription and its invoices, brought from Stripe into our tables."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import insert_ignore, locked
from membership.outbox.rows import enqueue
from membership.patrons.dropping import DROPPED, RULE, all_of, drop, give_back
from membership.patrons.failing import keep_failure
from membership.patrons.live import settle_live
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.pledges import keep_subscription
from membership.patrons.who import standing_of
from membership.payments.mirror import Cause, Mirror, Thing, reflect
from membership.payments.models import Payment
from membership.payments.receipts import pledge_is_known
from membership.payments.records import Invoice, Subscription
from membership.payments.second_of_form import is_second
from membership.payments.syncing import require_ours, sync_checkout, sync_payment


def sync_subscription(mirror: Mirror, subscription_id: str, cause: Cause) -> Subscription | None:
    """Brings a pledge up to date from its subscription; whose pause ended may vote again."""

    def keep(session: Session, seen: Subscription, cause: Cause, now: datetime) -> None:
        going_on = keep_subscription(session, seen, cause, now)
        if going_on is not None and going_on.live:
            _say_who_may_vote(mirror, session, going_on.account_id, now=now)

    thing = Thing("subscription", subscription_id)
    return reflect(mirror, thing, mirror.gateway.subscription, keep, cause)


def sync_invoice(mirror: Mirror, invoice_id: str, cause: Cause) -> Invoice | None:
    """Brings an invoice's payments up to date, ties them to the pledge, and says who may vote now."""

    def keep(session: Session, invoice: Invoice, _cause: Cause, now: datetime) -> None:
        pledge = keep_invoice(session, invoice, now=now)
        account_id = pledge.account_id if pledge is not None and pledge.live else None
        _say_who_may_vote(mirror, session, account_id, now=now)

    def bring_what_it_leans_on(invoice: Invoice) -> None:
        # Its transaction must find the pledge and the payments.
        if invoice.subscription is not None:
            sync_subscription(mirror, invoice.subscription, cause)
        for intent in (*invoice.intents, *invoice.open_intents):
            sync_payment(mirror, intent, cause)

    thing = Thing("invoice", invoice_id)
    return reflect(mirror, thing, mirror.gateway.invoice, keep, cause, first=bring_what_it_leans_on)


def _say_who_may_vote(mirror: Mirror, session: Session, account_id: int | None, *, now: datetime) -> None:
    if account_id is not None and standing_of(session, account_id, now=now).may_vote:
        for hook in mirror.may_vote_now:
            hook(session, account_id, now=now)


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
    payments = session.scalars(select(Payment).where(Payment.payment_intent.in_(invoice.intents))).all()
    # The form's turn, then the account, then what stands below it: in this order everybody takes them.
    seconds = [payment for payment in payments if is_second(session, payment)]
    is_to_be_settled = bool(payments) and (bool(seconds) or _has_another(session, pledge))
    if is_to_be_settled:
        locked(session, Account, pledge.account_id)
    for payment in payments:
        _tie(session, payment, pledge, invoice)
        pledge_is_known(session, payment, now=now)
        # By its key it goes out once, with the first payment: a bank debit that is on its way welcomes nobody.
        enqueue(session, "welcome", pledge.subscription, {"subscription": pledge.subscription}, now=now)
    if seconds:
        drop_second(session, pledge, now=now)
    elif is_to_be_settled:
        settle_live(session, pledge.account_id, now=now)
    give_back(session, pledge, now=now)
    keep_failure(session, pledge, invoice, now=now)
    return pledge


def _tie(session: Session, payment: Payment, pledge: Pledge, invoice: Invoice) -> None:
    paid_for = {"pledge_id": pledge.id, "period_start": invoice.period_start, "period_end": invoice.period_end}
    if not insert_ignore(session, PledgePayment, payment_id=payment.id, **paid_for):
        # It never changes at Stripe: only if the row was edited by hand is there anything to write.
        session.execute(update(PledgePayment).where(PledgePayment.payment_id == payment.id).values(**paid_for))


def drop_second(session: Session, pledge: Pledge, *, now: datetime) -> None:
    """Ends a pledge by rule whose first payment was the second of one form: that one goes back."""
    locked(session, Account, pledge.account_id)
    session.refresh(pledge)
    if pledge.why != DROPPED and pledge.ended_at is None:
        drop(session, pledge, back_from=all_of(pledge), by=RULE, now=now)
        settle_live(session, pledge.account_id, now=now)


def _has_another(session: Session, pledge: Pledge) -> bool:
    # A first payment decides between two pledges; nearly everybody has one.
    others = (Pledge.account_id == pledge.account_id, Pledge.id != pledge.id, Pledge.ended_at.is_(None))
    return session.scalar(select(Pledge.id).where(*others).limit(1)) is not None
