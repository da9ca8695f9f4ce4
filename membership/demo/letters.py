"""What the demo keeps of its past: letters of the last month, and receipts with the days they would have had."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.db import Database, transaction
from membership.outbox.models import OutboxRow
from membership.patrons.models import Pledge
from membership.payments.models import Payment, Receipt
from membership.topics.stages import RESULTS_TOLD, STAGE_TOLD

# Nobody reads a year of letters, and the dev inbox is for what the visitor does.
KEPT = timedelta(days=30)


def put_away(database: Database, clock: Clock) -> int:
    """Ends letters that were not sent yet and are about payments, pledges or topics of more than 30 days ago.

    It is a round of the loader's and returns 0: there is nothing to come back for.
    """
    now = clock.now()
    paid = select(Payment.reference).where(Payment.paid_at < now - KEPT)
    begun = select(Pledge.subscription).where(Pledge.started_at < now - KEPT)
    with database.session() as session, transaction(session):
        for kind, keys in (("receipt", paid), ("welcome", begun)):
            unsent = (OutboxRow.kind == kind, OutboxRow.done_at.is_(None), OutboxRow.key.in_(keys))
            session.execute(update(OutboxRow).where(*unsent).values(done_at=now, payload={}))
        told = (OutboxRow.kind.in_((RESULTS_TOLD, STAGE_TOLD)), OutboxRow.done_at.is_(None))
        old = update(OutboxRow).where(*told, OutboxRow.created_at < now - KEPT)
        session.execute(old.values(done_at=now, payload={}))
    return 0


def date_receipts(session: Session) -> None:
    """Gives receipts the day on which the money came, as if each had been written then."""
    paid_at = select(Payment.paid_at).where(Payment.id == Receipt.payment_id).scalar_subquery()
    late = select(Payment.id).where(Payment.id == Receipt.payment_id, Payment.paid_at < Receipt.issued_at).exists()
    session.execute(update(Receipt).where(late).values(issued_at=paid_at))
