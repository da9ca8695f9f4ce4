"""What workers do for rounds by the clock: add to rolls, seal them, and close."""

from typing import Protocol

from sqlalchemy import select

from membership.clock import Clock
from membership.db import Database, locked, transaction
from membership.newsroom.site_version import bump
from membership.topics.closing import close
from membership.topics.models import Round
from membership.topics.roll import SWEPT, join, joinable, missing, seal


class Keeping(Protocol):
    """What of the process's seams it takes to write by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def keep_rounds(keeping: Keeping) -> int:
    """Seals and closes every round whose time has come; returns how many things it did."""
    return seal_due(keeping.database, keeping.clock) + close_due(keeping.database, keeping.clock)


def seal_due(database: Database, clock: Clock) -> int:
    """Publishes the final hash of every roll that nobody can join any more; returns how many."""
    due = select(Round.id).where(Round.roll_hash_final.is_(None), Round.joins_until <= clock.now())
    with database.session() as session:
        round_ids = session.scalars(due).all()
        for round_id in round_ids:
            with transaction(session):
                round_ = locked(session, Round, round_id)
                if round_ is not None:
                    seal(session, round_)
                    bump(session)
    return len(round_ids)


def close_due(database: Database, clock: Clock) -> int:
    """Closes every round whose time has come; returns how many this call closed."""
    due = select(Round.id).where(Round.closed_at.is_(None), Round.closes_at <= clock.now()).order_by(Round.id)
    closed = 0
    with database.session() as session:
        for round_id in session.scalars(due).all():
            with transaction(session):
                closed += close(session, round_id, clock=clock)
    return closed


def sweep_rolls(keeping: Keeping) -> int:
    """Adds whom no event has brought onto the rolls that can still be joined; returns how many.

    Comes round every minute, so the last time within the minute before `joins_until`.
    """
    now = keeping.clock.now()
    added = 0
    with keeping.database.session() as session:
        for round_id in joinable(session, now=now):
            entries = missing(session, round_id, now=now)
            if entries:
                with transaction(session):
                    added += sum(join(session, round_id, *entry, reason=SWEPT, now=now) for entry in entries)
                    bump(session)
    return added
