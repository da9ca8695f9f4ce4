"""What one form has paid goes over to whom it was meant for: its address was mistyped, the right one has confirmed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from membership.accounts.addresses import clean_email, email_key
from membership.accounts.models import Account
from membership.outbox.models import OutboxRow
from membership.payments.attempts import SETTLED
from membership.payments.customer_address import tell_stripe
from membership.payments.models import Attempt, Payer, Payment
from membership.payments.payers import hold_address

# A wish to mend an address waits as a side effect of this kind, under the attempt's reference and a dot.
MENDING = "forget_mending"

ANEW = {"populate_existing": True}


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
    _hold_addresses(session, payer_ids)
    payers = select(Payer).where(Payer.id.in_(payer_ids), Payer.erased_at.is_(None)).order_by(Payer.id)
    # Stripe makes a customer for a form that pledges, and none for a donation: there it is of another form.
    with_customer = attempt.cadence != "once"
    for payer in session.scalars(payers.with_for_update(key_share=True), execution_options=ANEW).all():
        _go_over(session, payer, ours, to, with_customer=with_customer, now=now)


def was_a_guests() -> ColumnElement[bool]:
    """Condition of an attempt with a wish to mend its address: a guest made it, to whomever it belongs by now."""
    return exists().where(OutboxRow.kind == MENDING, OutboxRow.key.startswith(Attempt.reference + "."))


def is_known_by(session: Session, key: str, *, besides: Attempt) -> bool:
    """Says whether somebody has paid, or is about to, under an address (its key), apart from one attempt's form."""
    paid = exists().where(Payer.email_key == key)
    others = (Attempt.email_key == key, Attempt.token_hash != besides.token_hash)
    return bool(session.scalar(select(paid | exists().where(*others, Attempt.state.in_(("open", *SETTLED))))))


def _hold_addresses(session: Session, payer_ids: Collection[int | None]) -> None:
    # Else somebody who pays under the mistyped address in this very moment would go over with the payer.
    keys = select(Payer.email_key).where(Payer.id.in_(payer_ids), Payer.email_key.is_not(None)).distinct()
    for key in sorted(key for key in session.scalars(keys) if key is not None):
        hold_address(session, key)


def _go_over(
    session: Session, payer: Payer, ours: set[int], to: Addressee, *, with_customer: bool, now: datetime
) -> None:
    theirs = (Payment.payer_id == payer.id) & Payment.id.not_in(ours)
    is_shared = bool(session.scalar(select(exists().where(theirs))))
    if payer.stripe_customer is not None and with_customer:
        if is_shared:
            _leave(session, payer, theirs, now=now)
    elif is_shared or payer.stripe_customer is not None:
        payer = _parted(session, payer, ours, now=now)
    payer.account_id = to.account.id if to.account else None
    payer.email, payer.email_key = clean_email(to.email), email_key(to.email)
    session.flush()
    tell_stripe(session, payer, now=now)


def _leave(session: Session, payer: Payer, theirs: ColumnElement[bool], *, now: datetime) -> None:
    """Gives what else was paid a payer of its own: Stripe's customer is of our form, and goes along with ours."""
    other = Payer(reference=str(uuid4()), created_at=now)
    other.account_id, other.email, other.email_key = payer.account_id, payer.email, payer.email_key
    _reassign(session, theirs, other)


def _parted(session: Session, payer: Payer, ours: set[int], *, now: datetime) -> Payer:
    """Returns a payer of ours alone; the name, and Stripe's customer if there is one, are anybody's, and stay."""
    other = Payer(reference=str(uuid4()), created_at=now)
    _reassign(session, (Payment.payer_id == payer.id) & Payment.id.in_(ours), other)
    return other


def _reassign(session: Session, which: ColumnElement[bool], payer: Payer) -> None:
    session.add(payer)
    session.flush()
    session.execute(update(Payment).where(which).values(payer_id=payer.id))
