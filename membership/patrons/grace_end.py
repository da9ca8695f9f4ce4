"""The end of the grace: nothing more is asked for, the pledge ends, and its owner is told once more.

It may be carried out twice, and then does nothing; whoever pays at the last moment keeps the pledge.
"""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.outbox.rows import Task, enqueue
from membership.patrons.failing import failed_renewal
from membership.patrons.models import Pledge, PledgeChange
from membership.patrons.pledges import GRACE
from membership.patrons.stopping import BY_PATRON, FAILING
from membership.patrons.syncing import sync_invoice, sync_subscription
from membership.payments.gateway import GoneAtStripe
from membership.payments.mirror import Cause, Mirror

BY_RULE = Cause("rule")
ENDED = "ended"


class WithMirror(Protocol):
    """What of the process's seams it takes to end a pledge."""

    @property
    def mirror(self) -> Mirror: ...


def end_of_grace(seams: WithMirror, task: Task) -> None:
    """Voids the invoice that was never paid, cancels its pledge, and has its owner told."""
    mirror, invoice_id = seams.mirror, str(task.payload["invoice"])
    sync_invoice(mirror, invoice_id, BY_RULE)
    pledge, outcome = _decided(mirror, invoice_id)
    if pledge is None or outcome == "paid":
        return
    mirror.gateway.void_invoice(invoice_id)
    # Stripe alone decides between a payment at the last moment and our voiding: the one makes the other impossible.
    if mirror.gateway.invoice(invoice_id).status == "paid":
        _note_paid(mirror, invoice_id)
    elif outcome == ENDED:
        _end(mirror, pledge)
        _tell(mirror, invoice_id)


def _decided(mirror: Mirror, invoice_id: str) -> tuple[Pledge | None, str | None]:
    """Returns the pledge and how its invoice is over: decided now, unless it was before."""
    with mirror.database.session() as session, transaction(session):
        failed = failed_renewal(session, invoice_id)
        if failed is None:
            return None, None
        pledge = session.get_one(Pledge, failed.pledge_id)
        if failed.over_at is None:
            # Whoever stopped, is charged again since, or has been gone for long is only spared what is still open.
            failed.over_at = mirror.clock.now()
            is_news = _fails(pledge, now=failed.over_at) and not _was_stopped(session, pledge)
            failed.outcome = ENDED if is_news else "void"
        return pledge, failed.outcome


def _fails(pledge: Pledge, *, now: datetime) -> bool:
    if pledge.ended_at is not None:
        return pledge.ended_at > now - GRACE
    return pledge.stripe_status in FAILING


def _end(mirror: Mirror, pledge: Pledge) -> None:
    with suppress(GoneAtStripe):
        mirror.gateway.cancel(pledge.subscription)
    for invoice in mirror.gateway.open_invoices(pledge.subscription):
        mirror.gateway.void_invoice(invoice.id)
    sync_subscription(mirror, pledge.subscription, BY_RULE)


def _was_stopped(session: Session, pledge: Pledge) -> bool:
    by_patron = (PledgeChange.pledge_id == pledge.id, PledgeChange.what == "status", PledgeChange.now == "canceled")
    return bool(session.scalar(select(exists().where(*by_patron, PledgeChange.cause == BY_PATRON.kind))))


def _note_paid(mirror: Mirror, invoice_id: str) -> None:
    with mirror.database.session() as session, transaction(session):
        failed = failed_renewal(session, invoice_id)
        if failed is not None:
            failed.outcome = "paid"


def _tell(mirror: Mirror, invoice_id: str) -> None:
    with mirror.database.session() as session, transaction(session):
        enqueue(session, "pledge_ended", invoice_id, {"invoice": invoice_id}, now=mirror.clock.now())
