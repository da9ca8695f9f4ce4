"""Tickets keep the order of fetches: what was asked for later wins, whatever arrives first.

Fetch, lock, upsert alone loses updates when two workers overlap; with a ticket taken before the fetch, none.
"""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership.db import locked
from membership.payments.models import StripeObject


def take(session: Session, object_id: str, kind: str) -> int:
    """Takes the next ticket for an object, in a transaction that is committed before the fetch."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(StripeObject)
        .values(id=object_id, kind=kind, wanted=1, applied=0)
        .on_conflict_do_update(index_elements=["id"], set_={"wanted": StripeObject.wanted + 1})
        .returning(StripeObject.wanted)
    )
    return session.scalars(statement).one()


def redeem(session: Session, object_id: str, ticket: int, *, now: datetime) -> bool:
    """Locks the object; says whether what was fetched under `ticket` may be applied, and if so marks it applied."""
    row = locked(session, StripeObject, object_id)
    if row is None or ticket <= row.applied:
        return False
    row.applied, row.fetched_at, row.gone_at = ticket, now, None
    return True


def mark_gone(session: Session, object_id: str, ticket: int, *, now: datetime) -> None:
    """Notes that Stripe no longer knows the object. What we know of it stays as it is."""
    row = locked(session, StripeObject, object_id)
    if row is not None and ticket > row.applied:
        row.applied, row.fetched_at, row.gone_at = ticket, now, now
