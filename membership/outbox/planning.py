"""Side effects that are planned again and again before they happen: written only where none waits already."""

from typing import Any

from sqlalchemy import Select, or_
from sqlalchemy.dialects import postgresql, sqlite

from membership.outbox.models import OutboxRow

# What `planning` wants of its source, in this order.
COLUMNS = ("kind", "key", "payload", "created_at", "due_at", "tries")

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def planning(source: Select[Any], dialect: str) -> Any:
    """Builds the statement that adds the side effects of `source`, a SELECT of `COLUMNS`.

    One that waits stays as it is, and when its time comes it looks whether that is still right; one that is done, or
    that somebody is carrying out with what was, is to be done again.
    """
    table: Any = OutboxRow.__table__
    return _onto_what_is_there(_INSERTS[dialect](table).from_select(COLUMNS, source))


def _onto_what_is_there(insert: Any) -> Any:
    columns: Any = OutboxRow.__table__.c
    afresh = {"done_at": None, "claimed_by": None, "claimed_until": None, "last_error": None}
    return insert.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_={name: insert.excluded[name] for name in ("payload", "due_at", "tries")} | afresh,
        where=or_(columns.done_at.is_not(None), columns.claimed_by.is_not(None)),
    )
