"""Tickets keep the order of fetches: what was asked for later wins, whatever arrives first.

Fetch, lock, upsert alone loses updates when two workers overlap; with a ticket taken before the fetch, none.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from membership.payments.models import StripeObject

# Of the table, not of the mapped class: the ORM's own way takes four times as long, and this runs for each object.
_OBJECTS: Any = StripeObject.__table__


def _next_ticket(insert: Any) -> ReturningInsert[Any]:
    counted = insert.on_conflict_do_update(index_elements=["id"], set_={"wanted": _OBJECTS.c.wanted + 1})
    returning: ReturningInsert[Any] = counted.returning(_OBJECTS.c.id, _OBJECTS.c.wanted)
    return returning


_TAKE = {
    "sqlite": _next_ticket(sqlite.insert(_OBJECTS)),
    "postgresql": _next_ticket(postgresql.insert(_OBJECTS)),
}
# What holds the row until the transaction ends is the update itself.
_APPLY = (
    update(_OBJECTS)
    .where(_OBJECTS.c.id == bindparam("object_id"), _OBJECTS.c.applied < bindparam("ticket"))
    .values(applied=bindparam("ticket"), fetched_at=bindparam("now"), gone_at=bindparam("gone"))
    .returning(_OBJECTS.c.id)
)


def take(session: Session, object_id: str, kind: str) -> int:
    """Takes the next ticket for an object, in a transaction that is committed before the fetch."""
    return take_all(session, {object_id: kind})[object_id]


def take_all(session: Session, kinds: Mapping[str, str]) -> dict[str, int]:
    """Takes the next ticket for each of these objects, told with their kinds; returns the tickets by the same ids."""
    if not kinds:
        return {}
    # In one order for all, or two workers with the same objects would wait for each other.
    rows = [{"id": each, "kind": kinds[each], "wanted": 1, "applied": 0} for each in sorted(kinds)]
    taken = session.execute(_TAKE[session.get_bind().dialect.name], rows)
    return {object_id: int(ticket) for object_id, ticket in taken}


def redeem(session: Session, object_id: str, ticket: int, *, now: datetime) -> bool:
    """Locks the object; says whether what was fetched under `ticket` may be applied, and if so marks it applied."""
    return _apply(session, object_id, ticket, gone=None, now=now)


def mark_gone(session: Session, object_id: str, ticket: int, *, now: datetime) -> None:
    """Notes that Stripe no longer knows the object. What we know of it stays as it is."""
    _apply(session, object_id, ticket, gone=now, now=now)


def _apply(session: Session, object_id: str, ticket: int, *, gone: datetime | None, now: datetime) -> bool:
    values = {"object_id": object_id, "ticket": ticket, "now": now, "gone": gone}
    return session.execute(_APPLY, values).first() is not None
