"""Credit notes: what a refund is to the books, numbered without gaps within a year of the newsroom's zone.

A number is given when a refund first counts, and kept if the refund fails later: as with receipts, none is taken back.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.payments.models import CreditNote, CreditNoteCounter, Refund
from membership.payments.numbering import next_number


@dataclass(frozen=True)
class CreditNumber:
    """A credit note's number as people read it: `C-2026-00012`, so that nobody takes it for a receipt's."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"C-{self.year}-{self.number:05d}"


def credit(session: Session, refund: Refund, *, zone: ZoneInfo, now: datetime) -> bool:
    """Numbers the credit note of a refund, once; returns whether it did. In the caller's transaction."""
    if session.scalar(select(CreditNote.id).where(CreditNote.refund_id == refund.id)) is not None:
        return False
    year = refund.created_at.astimezone(zone).year
    session.add(
        CreditNote(year=year, number=next_number(session, CreditNoteCounter, year), refund_id=refund.id, issued_at=now)
    )
    session.flush()
    return True


def number_of_credit(note: CreditNote) -> CreditNumber:
    """Returns the number of a credit note as people read it."""
    return CreditNumber(note.year, note.number)
