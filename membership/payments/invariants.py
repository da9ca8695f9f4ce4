"""What must always be true of the rows: each a sentence and a query for the rows of which it is not.

The queries run on both databases and change nothing. Which ones there are, `wiring.INVARIANTS` lists.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from membership.db import Moment, transaction
from membership.payments.alarms import WithRows, settle_alarm

# What comes in two transactions, or from Stripe a little later, has an hour to come.
WHILE = timedelta(hours=1)
MOST_NAMED = 20


@dataclass(frozen=True)
class Invariant:
    """`sentence` says what is always true; `query` selects one text column: the references of rows that break it.

    It may use `SETTLED`, the moment before which everything that belongs together has come together.
    """

    name: str
    sentence: str
    query: Select[Any]


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold: how many rows break it, and the references of the first twenty of them."""

    name: str
    sentence: str
    count: int
    references: tuple[str, ...]


SETTLED: BindParameter[datetime] = bindparam("settled", type_=Moment())


def violations(session: Session, invariants: Iterable[Invariant], *, now: datetime) -> list[Violation]:
    """Asks for each invariant whether it holds, in their order; returns those that do not."""
    found = (_violation(session, each, now=now) for each in invariants)
    return [each for each in found if each is not None]


def look_for_violations(seams: WithRows, invariants: Iterable[Invariant]) -> None:
    """Asks for all invariants, and raises an alarm that names those that do not hold, or ends it."""
    now = seams.clock.now()
    with seams.database.session() as session:
        names = [each.name for each in violations(session, invariants, now=now)]
        says = _(
            "Rows contradict each other: %(names)s. “flask ledger check” says what each means and which rows.",
            names=", ".join(names),
        )
        with transaction(session):
            settle_alarm(session, "invariants", str(says) if names else None, now=now)


def _violation(session: Session, invariant: Invariant, *, now: datetime) -> Violation | None:
    at = {"settled": now - WHILE}
    broken = invariant.query.subquery()
    reference = broken.c[0]
    first = select(reference).order_by(reference).limit(MOST_NAMED)
    references = tuple(str(each) for each in session.scalars(first, at))
    if not references:
        return None
    count = session.scalars(select(func.count()).select_from(broken), at).one()
    return Violation(invariant.name, invariant.sentence, count, references)
