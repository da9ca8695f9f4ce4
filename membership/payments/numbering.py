"""Numbers without gaps within a year: of receipts, and of credit notes."""

from functools import cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from membership.payments.models import YearCounter


def next_number(session: Session, counters: type[YearCounter], year: int) -> int:
    """Takes the next number of a year, in the caller's transaction; should that fail, nobody has taken it."""
    # Everybody who issues in this year waits here for the one before: that is what leaves no gap.
    taken = session.execute(_next(counters, session.get_bind().dialect.name), {"year": year, "last": 1})
    return int(taken.scalar_one())


@cache
def _next(counters: type[YearCounter], dialect: str) -> ReturningInsert[Any]:
    # Of the table, not of the mapped class: for a single row the ORM's own way takes four times as long.
    table: Any = counters.__table__
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    counted = insert.on_conflict_do_update(index_elements=["year"], set_={"last": table.c.last + 1})
    numbers: ReturningInsert[Any] = counted.returning(table.c.last)
    return numbers
