"""What a person's account page tells: the pledge in words, the payments and their receipts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.standing import GIVES_STANDING, Standing
from membership.patrons.tiers import TierView, tier_reached
from membership.patrons.who import standing_of
from membership.payments.models import Payer, Payment, Receipt
from membership.payments.receipts import ReceiptNumber

_Columns = tuple[Payment, str | None, Receipt | None, str | None, str | None, str | None]

MOST_PAYMENTS = 50
# A payment that was only tried is no news to anybody.
TOLD = ("pending", "paid", "failed", "partly_refunded", "refunded", "disputed", "lost")


@dataclass(frozen=True)
class PledgeView:
    """A pledge as its owner sees it. `state`: active, waiting, grace, lapsed, ending or ended."""

    state: str
    tier: str | None
    money: Money
    cadence: str
    since: datetime
    next_charge_at: datetime
    ends_at: datetime | None
    grace_until: datetime | None
    card_brand: str
    card_last4: str


@dataclass(frozen=True)
class PaymentView:
    """A payment as its owner sees it; `receipt_href` is `None` until there is a receipt."""

    paid_at: datetime | None
    money: Money
    cadence: str
    state: str
    receipt_href: str | None


@dataclass(frozen=True)
class ReceiptView:
    """A receipt as it is printed."""

    number: str
    issued_at: datetime
    paid_at: datetime
    money: Money
    cadence: str
    addressee: str
    method: str
    reference: str
    refunded: bool


def pledge_of(session: Session, account_id: int, tiers: tuple[TierView, ...], *, now: datetime) -> PledgeView | None:
    """Returns the live pledge of an account, else the one that ended last, else `None`."""
    latest = select(Pledge).where(Pledge.account_id == account_id, (Pledge.why.is_(None)) | (Pledge.why == "ended"))
    pledge = session.scalars(latest.order_by(Pledge.live.desc(), Pledge.started_at.desc()).limit(1)).first()
    if pledge is None:
        return None
    tier = tier_reached(tiers, pledge.cadence, pledge.amount)
    return PledgeView(
        state=_state(pledge, standing_of(session, account_id, now=now), now=now),
        tier=tier.name if tier else None,
        money=pledge.amount,
        cadence=pledge.cadence,
        since=pledge.started_at,
        next_charge_at=pledge.period_end_at,
        ends_at=pledge.ended_at or pledge.cancel_at,
        grace_until=pledge.grace_until,
        card_brand=(pledge.card_brand or "").capitalize(),
        card_last4=pledge.card_last4 or "",
    )


def payments_of(session: Session, account_id: int) -> tuple[PaymentView, ...]:
    """Returns the newest payments of an account, at most 50, newest first."""
    statement = _payments().where(Payer.account_id == account_id, Payment.state.in_(TOLD))
    rows = session.execute(statement.order_by(Payment.created_at.desc(), Payment.id.desc()).limit(MOST_PAYMENTS))
    return tuple(
        PaymentView(
            paid_at=row.Payment.paid_at,
            money=row.Payment.amount,
            cadence=row.cadence or "once",
            state="disputed" if row.Payment.state == "lost" else row.Payment.state,
            receipt_href=f"/account/receipts/{row.Payment.reference}" if row.Receipt else None,
        )
        for row in rows
    )


def receipt_of(session: Session, account_id: int, reference: str) -> ReceiptView | None:
    """Returns the receipt of a payment if it belongs to the account, else `None`."""
    row = session.execute(_payments().where(Payer.account_id == account_id, Payment.reference == reference)).first()
    if row is None or row.Receipt is None:
        return None
    return receipt_view(row)


def receipt_view(row: Row[*_Columns]) -> ReceiptView:
    """Makes the printed receipt of a row that has one."""
    payment, receipt = row.Payment, row.Receipt
    return ReceiptView(
        number=str(ReceiptNumber(receipt.year, receipt.number)),
        issued_at=receipt.issued_at,
        paid_at=payment.paid_at or receipt.issued_at,
        money=payment.amount,
        cadence=row.cadence or "once",
        addressee=receipt.addressee or row.email or "",
        method=f"{row.card_brand.capitalize()} {row.card_last4}" if row.card_brand else "",
        reference=payment.reference,
        refunded=payment.state == "refunded",
    )


def _state(pledge: Pledge, stands: Standing, *, now: datetime) -> str:
    if pledge.ended_at is not None or (pledge.cancel_at is not None and pledge.cancel_at <= now):
        return "ended"
    if stands.kind == "pending" and pledge.stripe_status in GIVES_STANDING:
        return "waiting"
    return {"live": "active", "ending": "ending", "grace": "grace"}.get(stands.kind, "lapsed")


def _payments() -> Select[*_Columns]:
    return (
        select(
            Payment,
            Pledge.cadence.label("cadence"),
            Receipt,
            Pledge.card_brand.label("card_brand"),
            Pledge.card_last4.label("card_last4"),
            Payer.email.label("email"),
        )
        .join(Payer, Payer.id == Payment.payer_id)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .outerjoin(Pledge, Pledge.id == PledgePayment.pledge_id)
        .outerjoin(Receipt, Receipt.payment_id == Payment.id)
    )
