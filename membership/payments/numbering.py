"""Numbers without gaps within a year: of receipts, and of credit notes."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership.payments.models import YearCounter


def next_number(session: Session, counters: type[YearCounter], year: int) -> int:
    """Takes the next number of a year, in the caller's transaction; should that fail, nobody has taken it."""
    # Everybody who issues in this year waits here for the one before: that is what leaves no gap.
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(counters)
        .values(year=year, last=1)
        .on_conflict_do_update(index_elements=["year"], set_={"last": counters.last + 1})
        .returning(counters.last)
    )
    return session.scalars(statement).one()
