"""What of payments is forgotten by the clock: donors without an account, addressees of old receipts, foreign events."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from membership.payments.erased import erase_at_stripe, erased_customer
from membership.payments.models import Payer, Payment, Receipt, Refund, StripeEvent


def forget_donors(session: Session, *, before: datetime, now: datetime) -> None:
    """Empties payers without an account who have not paid since a moment."""
    later = exists().where(Payment.payer_id == Payer.id, Payment.created_at >= before)
    long_gone = select(Payer).where(
        Payer.account_id.is_(None), Payer.erased_at.is_(None), Payer.created_at < before, ~later
    )
    for payer in session.scalars(long_gone.order_by(Payer.id).with_for_update()):
        if payer.stripe_customer is not None:
            erase_at_stripe(session, payer.stripe_customer, now=now)
            payer.stripe_customer = erased_customer(payer.stripe_customer)
        payer.email = payer.email_key = payer.name = None
        payer.erased_at = now


def forget_ignored(session: Session, *, before: datetime, now: datetime) -> None:
    """Blanks the text of events that came in before a moment and turned out not to be about us."""
    ignored = (StripeEvent.state == "ignored", StripeEvent.payload.is_not(None), StripeEvent.received_at < before)
    session.execute(update(StripeEvent).where(*ignored).values(payload=None))


def forget_addressees(session: Session, *, before: datetime, now: datetime) -> None:
    """Blanks to whom receipts were made out, and what staff noted of refunds, in years that ended before a moment."""
    # The legal years are counted from the end of the year of the receipt (§ 147 AO, Germany).
    session.execute(
        update(Receipt).where(Receipt.year < before.year, Receipt.addressee.is_not(None)).values(addressee=None)
    )
    session.execute(update(Refund).where(Refund.created_at < before, Refund.note.is_not(None)).values(note=None))
