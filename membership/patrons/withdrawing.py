"""Withdrawing: the first payment of a pledge, or a donation, goes back within 14 days, and the pledge ends.

The right of those who buy at a distance (Directive 2011/83/EU, Article 9), given to everyone who gives.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import locked
from membership.errors import WrongState
from membership.patrons.dropping import DROPPED, drop
from membership.patrons.live import settle_live
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.withdrawal_offer import may_be_withdrawn
from membership.payments.models import Dispute, Payer, Payment, Refund
from membership.payments.refunding import Asker, ask_refund, left_to_refund
from membership.payments.states import HARMLESS_DISPUTES

TIME_TO_WITHDRAW = timedelta(hours=14 * 24)
ONCE_IN = timedelta(days=365)
# By this reason a withdrawal is known among the refunds that patrons cause.
REASON = "requested_by_customer"


def withdraw(session: Session, payment: Payment, *, now: datetime) -> Refund:
    """Asks for the whole of a payment back, and ends at once the pledge that it began.

    Raises `WrongState` if it may not be withdrawn (any more); `why_not` says in which sentence.
    """
    payer = _payer(session, payment)
    pledge = pledge_begun_by(session, payment)
    account_id = pledge.account_id if pledge else payer.account_id
    # The account before its payments: two withdrawals of one person come one after the other.
    if account_id is not None:
        locked(session, Account, account_id)
    locked(session, Payer, payer.id)
    fresh = locked(session, Payment, payment.id) or payment
    refusal = why_not(session, fresh, now=now)
    if refusal is not None:
        raise refusal
    by = Asker("patron", account_id)
    refund = ask_refund(session, fresh, left_to_refund(session, fresh), reason=REASON, note=None, asked_by=by, now=now)
    if pledge is not None and pledge.why != DROPPED and pledge.ended_at is None:
        drop(session, pledge, back_from=now, by=by, now=now)
        settle_live(session, pledge.account_id, now=now)
    return refund


def why_not(session: Session, payment: Payment, *, now: datetime) -> WrongState | None:
    """Says why a payment may not be withdrawn; `None`: it may."""
    if not may_be_withdrawn():
        return WrongState("Payments are not given back by themselves here. Answer the letter: we will find a way.")
    if payment.paid_at is None or payment.payment_intent is None:
        return WrongState("This payment has not arrived, so there is nothing to give back.")
    if now >= payment.paid_at + TIME_TO_WITHDRAW:
        return WrongState("The 14 days for taking a payment back are over. Answer the letter: we will find a way.")
    if _is_disputed(session, payment):
        return WrongState("Your bank is asking us for this payment already. It decides now, and pays you.")
    if left_to_refund(session, payment) != payment.amount:
        return WrongState("This payment has been given back already, or is on its way to you.")
    if _is_renewal(session, payment):
        return WrongState("Only the first payment of a pledge can be taken back. You can stop it any time.")
    if _has_withdrawn(session, _payer(session, payment), now=now):
        return WrongState("You took a payment back within the last year. Answer the letter: we will find a way.")
    return None


def pledge_begun_by(session: Session, payment: Payment) -> Pledge | None:
    """Returns the pledge that a payment is of; `None`: it is a donation."""
    return session.scalar(select(Pledge).join(PledgePayment).where(PledgePayment.payment_id == payment.id))


def _payer(session: Session, payment: Payment) -> Payer:
    return session.get_one(Payer, payment.payer_id)


def _is_disputed(session: Session, payment: Payment) -> bool:
    asked_back = (Dispute.payment_id == payment.id, Dispute.state.not_in(HARMLESS_DISPUTES))
    return payment.state in ("disputed", "lost") or bool(session.scalar(select(exists().where(*asked_back))))


def _is_renewal(session: Session, payment: Payment) -> bool:
    tie = session.get(PledgePayment, payment.id)
    if tie is None:
        return False
    earlier = (PledgePayment.pledge_id == tie.pledge_id, PledgePayment.period_start < tie.period_start)
    return bool(session.scalar(select(exists().where(*earlier))))


def _has_withdrawn(session: Session, payer: Payer, *, now: datetime) -> bool:
    # Whoever has no account is known by the address alone.
    same = [Payer.id == payer.id]
    if payer.account_id is not None:
        same.append(Payer.account_id == payer.account_id)
    if payer.email_key is not None:
        same.append(Payer.email_key == payer.email_key)
    withdrawn = (
        select(Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(or_(*same), Refund.asked_by_kind == "patron", Refund.reason == REASON)
        .where(Refund.created_at > now - ONCE_IN, Refund.state != "failed")
    )
    return session.scalar(withdrawn.limit(1)) is not None
