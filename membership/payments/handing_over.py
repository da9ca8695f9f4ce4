"""What one form has paid goes over to whom it was meant for: its address was mistyped, the right one has confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from membership.accounts.addresses import clean_email, email_key
from membership.accounts.models import Account
from membership.payments.attempts import SETTLED
from membership.payments.customer_address import tell_stripe
from membership.payments.models import Attempt, Payer, Payment


@dataclass(frozen=True)
class Addressee:
    """For whom it was meant: an address that has confirmed, and its account, if there is one."""

    email: str
    account: Account | None


def hand_over_payments(
    session: Session,
    attempt: Attempt,
    payments: Sequence[Payment],
    to: Addressee,
    *,
    payer_id: int | None,
    now: datetime,
) -> None:
    """Gives an attempt and its payments to somebody; `payer_id`: who is to pay for its pledge, if that is known.

    What else the payer has paid, who may be somebody else that is known by the mistyped address, stays behind.
    The caller has the form's turn.
    """
    attempt.account_id = to.account.id if to.account else None
    attempt.email = clean_email(to.email) if attempt.email is not None else None
    attempt.email_key = email_key(to.email)
    ours = {payment.id for payment in payments}
    payer_ids = {payer_id, *(payment.payer_id for payment in payments)} - {None}
    payers = select(Payer).where(Payer.id.in_(payer_ids), Payer.erased_at.is_(None)).order_by(Payer.id)
    for payer in session.scalars(payers.with_for_update(key_share=True)).all():
        _go_over(session, payer, ours, to, now=now)


def is_known_by(session: Session, key: str, *, besides: Attempt) -> bool:
    """Says whether somebody has paid, or is about to, under an address (its key), apart from one attempt's form."""
    paid = exists().where(Payer.email_key == key)
    others = (Attempt.email_key == key, Attempt.token_hash != besides.token_hash)
    return bool(session.scalar(select(paid | exists().where(*others, Attempt.state.in_(("open", *SETTLED))))))


def _go_over(session: Session, payer: Payer, ours: set[int], to: Addressee, *, now: datetime) -> None:
    theirs = (Payment.payer_id == payer.id) & Payment.id.not_in(ours)
    if session.scalar(select(exists().where(theirs))):
        payer = _parted(session, payer, theirs, ours, now=now)
    payer.account_id = to.account.id if to.account else None
    payer.email, payer.email_key = clean_email(to.email), email_key(to.email)
    session.flush()
    tell_stripe(session, payer, now=now)


def _parted(session: Session, payer: Payer, theirs: ColumnElement[bool], ours: set[int], *, now: datetime) -> Payer:
    """Returns the payer of ours alone. Stripe's customer is of this one form; a name without one may be anybody's."""
    other = Payer(reference=str(uuid4()), created_at=now)
    session.add(other)
    if payer.stripe_customer is None:
        session.flush()
        _reassign(session, (Payment.payer_id == payer.id) & Payment.id.in_(ours), other)
        return other
    other.account_id, other.email, other.email_key = payer.account_id, payer.email, payer.email_key
    session.flush()
    _reassign(session, theirs, other)
    return payer


def _reassign(session: Session, which: ColumnElement[bool], payer: Payer) -> None:
    session.execute(update(Payment).where(which).values(payer_id=payer.id))
