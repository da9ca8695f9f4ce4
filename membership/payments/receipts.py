"""Receipts: numbered without gaps within a year of the newsroom's zone, kept even if the money goes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_row
from membership.outbox.rows import enqueue, hasten
from membership.payments.models import Payer, Payment, Receipt, ReceiptCounter
from membership.payments.numbering import next_number

# So long at most does the letter about a pledge's payment wait until the pledge is known: it says what comes next.
WAIT_FOR_PLEDGE = timedelta(minutes=2)
BETWEEN_COPIES = timedelta(minutes=10)


@dataclass(frozen=True)
class ReceiptNumber:
    """A receipt's number as people read it: `2026-00417`."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-{self.number:05d}"


def issue(
    session: Session,
    payment: Payment,
    payer: Payer,
    *,
    addressee: str | None,
    of_pledge: bool,
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Numbers the receipt of a payment that has none, and sends it if there is an address; in the caller's transaction.

    `addressee` is printed: never a name that only somebody else who typed the same address is known by.
    The letter about a payment of a pledge waits for `pledge_is_known`, two minutes at the most.
    """
    year = (payment.paid_at or now).astimezone(zone).year
    number = next_number(session, ReceiptCounter, year)
    of_payment = {"payment_id": payment.id, "issued_at": now, "addressee": addressee}
    insert_row(session, Receipt, year=year, number=number, **of_payment)
    if payer.email is not None:
        due_at = now + WAIT_FOR_PLEDGE if of_pledge else now
        enqueue(session, "receipt", payment.reference, {"payment": payment.reference}, now=now, due_at=due_at)


def has_receipt(session: Session, payment: Payment) -> bool:
    """Says whether the receipt of a payment is numbered already."""
    return session.scalar(select(Receipt.id).where(Receipt.payment_id == payment.id)) is not None


def pledge_is_known(session: Session, payment: Payment, *, now: datetime) -> None:
    """Lets the letter about a payment go out: the pledge that it belongs to stands."""
    hasten(session, "receipt", payment.reference, now=now)


def send_again(session: Session, reference: str, *, now: datetime) -> bool:
    """Sends the receipt of a payment once more, at most once in ten minutes; returns whether it will go out."""
    copy = f"{reference}.{int(now.timestamp()) // int(BETWEEN_COPIES.total_seconds())}"
    return enqueue(session, "receipt", copy, {"payment": reference, "copy": copy}, now=now)


def send_to_another(session: Session, reference: str, cause: str, *, now: datetime) -> None:
    """Sends the receipt of a payment to whom it belongs now, once for each cause, whatever was sent before."""
    copy = f"{reference}.{cause}"
    enqueue(session, "receipt", copy, {"payment": reference, "copy": copy}, now=now)


def number_of(receipt: Receipt) -> ReceiptNumber:
    """Returns the number of a receipt as people read it."""
    return ReceiptNumber(receipt.year, receipt.number)
