"""The link to a receipt, for whoever has no account: it opens it as long as the payment is of the same address."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.links import link_path
from membership.payments.models import Payer, Payment
from membership.web.signing import hashed

RECEIPT = "receipt"


def receipt_link(session: Session, payment: str, key: str | None, *, now: datetime) -> str | None:
    """Returns the path of a link to the receipt of a payment (its reference) for who is known by an address (its key).

    `None` if the payment is of another address by now. Without a key: for who gave none, until an account claims it.
    """
    payer = _payer(session, payment)
    if payer is None or (payer.email_key != key if key is not None else payer.account_id is not None):
        return None
    return link_path(RECEIPT, f"{payment}.{_mark(payment, payer)}", None, now=now)


def opened_payment(session: Session, reference: str) -> str | None:
    """Returns the reference of the payment that a link opens; `None` if it is of another address by now."""
    payment, _dot, mark = reference.partition(".")
    payer = _payer(session, payment)
    return payment if payer is not None and mark == _mark(payment, payer) else None


def _payer(session: Session, payment: str) -> Payer | None:
    return session.scalar(select(Payer).join(Payment, Payment.payer_id == Payer.id).where(Payment.reference == payment))


def _mark(payment: str, payer: Payer) -> str:
    return hashed(f"{payment} {payer.email_key or ''}")[:16]
