"""How the books and the queues stand: when Stripe's list was read, what waits, what failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select, true
from sqlalchemy.orm import Session

from membership.outbox.models import OutboxRow, PeriodicRun
from membership.payments.models import StripeEvent

# The periodic task of this name, in wiring.
LISTING = "list the Stripe account"
LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Books:
    """`listed_at`: the last scheduled reading of Stripe's list, `None` before the first.

    Events are those of Stripe's that are not handled yet; tasks are letters and other side effects that are due.
    """

    listed_at: datetime | None
    events: int
    oldest_event_at: datetime | None
    given_up: int
    tasks: int
    oldest_task_at: datetime | None
    failing: int

    def are_well(self, *, now: datetime) -> bool:
        """Says whether nothing failed and nothing has waited for longer than five minutes."""
        oldest = min(filter(None, (self.oldest_event_at, self.oldest_task_at)), default=now)
        return not self.given_up and not self.failing and now - oldest <= LATE


def books(session: Session, *, now: datetime) -> Books:
    """Reads how inbox, outbox and ledger stand, in one statement."""
    listed = select(func.max(PeriodicRun.due_at)).where(PeriodicRun.name == LISTING)
    events = select(func.count(), func.min(StripeEvent.received_at)).where(StripeEvent.state == "waiting").subquery()
    given_up = select(func.count()).where(StripeEvent.state == "dead")
    due = and_(OutboxRow.done_at.is_(None), OutboxRow.due_at <= now)
    tasks = select(func.count(), func.min(OutboxRow.due_at)).where(due).subquery()
    failing = select(func.count()).where(OutboxRow.done_at.is_(None), OutboxRow.last_error.is_not(None))
    columns = (listed.scalar_subquery(), *events.c, given_up.scalar_subquery(), *tasks.c, failing.scalar_subquery())
    row = session.execute(select(*columns).select_from(events.join(tasks, true()))).one()
    return Books(*row)
