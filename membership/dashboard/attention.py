"""What needs a person: second pledges, and what the staff were written to about. References, never names."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.outbox.models import OutboxRow
from membership.patrons.models import Pledge
from membership.payments.notices import SAYINGS

MOST_ROWS = 20
NOTICES_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Duplicate:
    """A second pledge that is charged and does not count. `subscription` is where to find it at Stripe."""

    started_at: datetime
    cadence: str
    amount: Money
    subscription: str


@dataclass(frozen=True)
class Notice:
    """What the staff were written to about, and the reference of what it concerns."""

    at: datetime
    sentence: Any
    reference: str


@dataclass(frozen=True)
class Attention:
    """All that needs a look; `duplicates_count` counts also those beyond the list."""

    duplicates_count: int
    duplicates: tuple[Duplicate, ...]
    notices: tuple[Notice, ...]

    def __bool__(self) -> bool:
        return bool(self.duplicates or self.notices)


def to_look_at(session: Session, *, now: datetime) -> Attention:
    """Finds the pledges that stand beside a live one, and the other notices of the last 30 days."""
    count, duplicates = _duplicates(session)
    return Attention(count, duplicates, _notices(session, since=now - NOTICES_FOR))


def _duplicates(session: Session) -> tuple[int, tuple[Duplicate, ...]]:
    statement = select(Pledge, func.count().over()).where(Pledge.why == "duplicate")
    rows = session.execute(statement.order_by(Pledge.started_at, Pledge.id).limit(MOST_ROWS)).all()
    found = tuple(Duplicate(each.started_at, each.cadence, each.amount, each.subscription) for each, _ in rows)
    return (rows[0][1] if rows else 0), found


def _notices(session: Session, *, since: datetime) -> tuple[Notice, ...]:
    # A duplicate is shown as long as it is one, not as long as its notice is new. What is done has only its key left.
    statement = select(OutboxRow.created_at, OutboxRow.key).where(
        OutboxRow.kind == "staff_notice", OutboxRow.key.not_like("duplicate:%"), OutboxRow.created_at >= since
    )
    rows = session.execute(statement.order_by(OutboxRow.created_at.desc(), OutboxRow.id.desc()).limit(MOST_ROWS))
    parted = ((row.created_at, *row.key.partition(":")) for row in rows)
    return tuple(Notice(at, SAYINGS[about], reference) for at, about, _, reference in parted if about in SAYINGS)
