"""The payments of one account as their owner sees them, the newest first, with their receipts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from membership.money import Money
from membership.patrons.models import PledgePayment
from membership.payments.models import Payer, Payment, Receipt

_Columns = tuple[Payment, PledgePayment | None, int | None]

# A payment that was only tried is no news to anybody.
TOLD = ("pending", "paid", "failed", "partly_refunded", "refunded", "disputed", "lost")


@dataclass(frozen=True)
class PaymentView:
    """A payment as its owner sees it; `receipt_href` is `None` until there is a receipt."""

    paid_at: datetime | None
    money: Money
    cadence: str
    state: str
    receipt_href: str | None


@dataclass(frozen=True)
class PaymentList:
    """Some payments, the newest first; `earlier` is what to ask for with `before` to read on, `None` at the end."""

    payments: tuple[PaymentView, ...]
    earlier: str | None


def payments_of(session: Session, account_id: int, *, most: int, before: str | None = None) -> PaymentList:
    """Returns up to `most` payments of an account, those before the payment of that reference if one is named.

    A reference that is none of this account's names nothing: the list begins with the newest.
    """
    theirs = _payments().where(Payer.account_id == account_id, Payment.state.in_(TOLD))
    last = None if before is None else session.execute(theirs.where(Payment.reference == before)).first()
    if last is not None:
        theirs = theirs.where(tuple_(Payment.created_at, Payment.id) < (last.Payment.created_at, last.Payment.id))
    rows = session.execute(theirs.order_by(Payment.created_at.desc(), Payment.id.desc()).limit(most + 1)).all()
    views = tuple(
        PaymentView(
            paid_at=row.Payment.paid_at,
            money=row.Payment.amount,
            cadence=row.PledgePayment.cadence if row.PledgePayment else "once",
            state=row.Payment.state,
            receipt_href=f"/account/receipts/{row.Payment.reference}" if row.receipt else None,
        )
        for row in rows[:most]
    )
    return PaymentList(views, rows[most - 1].Payment.reference if len(rows) > most else None)


def _payments() -> Select[*_Columns]:
    return (
        select(Payment, PledgePayment, Receipt.id.label("receipt"))
        .join(Payer, Payer.id == Payment.payer_id)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .outerjoin(Receipt, Receipt.payment_id == Payment.id)
    )
