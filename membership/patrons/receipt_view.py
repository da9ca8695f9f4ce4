"""A receipt as it is shown and printed: what came, when, from whom, what the fee was, and what went back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.patrons.models import Pledge, PledgeChange, PledgePayment
from membership.payments.credit_notes import number_of_credit
from membership.payments.models import CreditNote, Movement, Payer, Payment, PaymentSource, Receipt, Refund
from membership.payments.money_back import COUNTS
from membership.payments.receipts import number_of

# The kinds of balance transaction by which a charge comes in, and whose fee is the price of taking the money.
COMING_IN = ("charge", "payment")
# A pledge knows its card of today; what was paid by the one before is not known any more.
_CARD_CAME_LATER = exists().where(
    PledgeChange.pledge_id == Pledge.id,
    PledgeChange.what == "card",
    PledgeChange.was.is_not(None),
    PledgeChange.at > Payment.paid_at,
)


@dataclass(frozen=True)
class CreditView:
    """A refund with the number of its credit note. `came_back`: the bank did not take it, and we have it again."""

    number: str
    sent_at: datetime
    money: Money
    came_back: bool


@dataclass(frozen=True)
class ReceiptView:
    """A receipt as it is printed. `fee` is in the settled currency, and `None` until the processor has told it.

    `is_taken_back`: the payer's bank took the money back, by a dispute that we lost. `is_on_statement`: Stripe
    moved the money, and gave it our name on the payer's bank statement.
    """

    number: str
    issued_at: datetime
    paid_at: datetime
    money: Money
    cadence: str
    addressee: str
    method: str
    reference: str
    has_address: bool
    fee: Money | None
    credits: tuple[CreditView, ...]
    is_taken_back: bool = False
    is_on_statement: bool = True

    @property
    def kept(self) -> Money:
        """What of the payment has not gone back."""
        back = sum(credit.money.minor for credit in self.credits if not credit.came_back)
        return Money(self.money.minor - back, self.money.currency)


def receipt_of_account(session: Session, account_id: int, reference: str) -> ReceiptView | None:
    """Returns the receipt of a payment if it belongs to the account, else `None`."""
    return _receipt(session, (Payment.reference == reference) & (Payer.account_id == account_id))


def receipt_of_payment(session: Session, reference: str) -> ReceiptView | None:
    """Returns the receipt of a payment, whoever asks; `None` if it has none, or its payer was erased."""
    return _receipt(session, (Payment.reference == reference) & Payer.erased_at.is_(None))


def _receipt(session: Session, which: ColumnElement[bool]) -> ReceiptView | None:
    row = session.execute(
        select(
            Payment,
            Receipt,
            Payer.email,
            PledgePayment,
            Pledge.card_brand,
            Pledge.card_last4,
            _CARD_CAME_LATER.label("card_came_later"),
        )
        .join(Payer, Payer.id == Payment.payer_id)
        .join(Receipt, Receipt.payment_id == Payment.id)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .outerjoin(Pledge, Pledge.id == PledgePayment.pledge_id)
        .where(which)
    ).first()
    if row is None:
        return None
    payment, receipt = row.Payment, row.Receipt
    return ReceiptView(
        number=str(number_of(receipt)),
        issued_at=receipt.issued_at,
        paid_at=payment.paid_at or receipt.issued_at,
        money=payment.amount,
        cadence=row.PledgePayment.cadence if row.PledgePayment else "once",
        addressee=receipt.addressee or row.email or "",
        method=f"{row.card_brand.capitalize()} {row.card_last4}" if row.card_brand and not row.card_came_later else "",
        reference=payment.reference,
        has_address=row.email is not None,
        fee=_fee(session, payment),
        credits=_credits(session, payment),
        is_taken_back=payment.state == "lost",
        is_on_statement=payment.source == "stripe",
    )


def _fee(session: Session, payment: Payment) -> Money | None:
    table = Movement.__table__.c
    row = session.execute(
        select(table.currency, func.sum(table.amount_minor).label("minor"))
        .join(PaymentSource, PaymentSource.source_id == table.source_id)
        .where(PaymentSource.payment_id == payment.id, table.part == "fee", table.kind.in_(COMING_IN))
        .group_by(table.currency)
    ).first()
    return None if row is None else Money(-int(row.minor), row.currency)


def _credits(session: Session, payment: Payment) -> tuple[CreditView, ...]:
    rows = session.execute(
        select(Refund, CreditNote)
        .join(CreditNote, CreditNote.refund_id == Refund.id)
        .where(Refund.payment_id == payment.id)
        .order_by(CreditNote.year, CreditNote.number)
    )
    return tuple(
        CreditView(
            number=str(number_of_credit(row.CreditNote)),
            sent_at=row.Refund.created_at,
            money=row.Refund.amount,
            came_back=row.Refund.state not in COUNTS,
        )
        for row in rows
    )
