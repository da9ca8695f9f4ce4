"""What workers do for rounds by the clock: open, add to rolls, seal them, and close."""

from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.db import Database, locked, transaction
from membership.newsroom.site_version import bump
from membership.patrons.who import Entitled
from membership.topics.announcing import take_back
from membership.topics.barring import bar_overlooked, overlooked
from membership.topics.closing import close
from membership.topics.models import Round
from membership.topics.opening import begin, prepare
from membership.topics.roll import SWEPT, join, joinable, missing, seal

# It was opened, and is not called off.
_OPENED = (Round.roll_hash_open.is_not(None), Round.called_off_at.is_(None))


class Keeping(Protocol):
    """What of the process's seams it takes to write by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def keep_rounds(keeping: Keeping) -> int:
    """Opens, seals and closes every round whose time has come; returns how many things it did."""
    database, clock = keeping.database, keeping.clock
    return open_due(database, clock) + seal_due(database, clock) + close_due(database, clock)


def open_due(database: Database, clock: Clock) -> int:
    """Opens every announced round whose time has come; returns how many.

    One whose close has come as well, while no worker ran, is taken back: nobody could have voted in it.
    """
    due = select(Round).where(
        Round.announced_at.is_not(None),
        Round.roll_hash_open.is_(None),
        Round.called_off_at.is_(None),
        Round.opens_at <= clock.now(),
    )
    opened = 0
    with database.session() as session:
        for round_ in session.scalars(due.order_by(Round.opens_at, Round.id)).all():
            now = clock.now()
            if now >= round_.closes_at:
                with transaction(session):
                    take_back(session, round_.id, by=None, now=now)
                continue
            prepared = prepare(session, round_, now=now)
            with transaction(session):
                opened += begin(session, round_.id, prepared, now=now)
    return opened


def seal_due(database: Database, clock: Clock) -> int:
    """Publishes the final hash of every roll that nobody can join any more; returns how many."""
    due = select(Round.id).where(*_OPENED, Round.roll_hash_final.is_(None), Round.joins_until <= clock.now())
    with database.session() as session:
        round_ids = session.scalars(due).all()
        for round_id in round_ids:
            with transaction(session):
                round_ = locked(session, Round, round_id)
                if round_ is not None and round_.called_off_at is None:
                    seal(session, round_)
                    bump(session)
    return len(round_ids)


def close_due(database: Database, clock: Clock) -> int:
    """Closes every round whose time has come; returns how many this call closed."""
    due = select(Round.id).where(*_OPENED, Round.closed_at.is_(None), Round.closes_at <= clock.now())
    closed = 0
    with database.session() as session:
        for round_id in session.scalars(due.order_by(Round.id)).all():
            with transaction(session):
                closed += close(session, round_id, clock=clock)
    return closed


def sweep_rolls(keeping: Keeping) -> int:
    """Adds whom no event has brought onto the rolls that can still be joined; returns how many.

    Comes round every minute, so the last time within the minute before `joins_until`. Bars as well who came onto a roll
    at the moment in which their money went back: neither act then sees the other.
    """
    now = keeping.clock.now()
    added = 0
    with keeping.database.session() as session:
        for round_ in joinable(session, now=now):
            absent = missing(session, round_, now=now)
            if absent:
                with transaction(session):
                    added += sum(_sweep(session, round_.id, each, now=now) for each in absent)
                    bump(session)
        for payment_id in overlooked(session, now=now):
            with transaction(session):
                bar_overlooked(session, payment_id, now=now)
    return added


def _sweep(session: Session, round_id: int, each: Entitled, *, now: datetime) -> bool:
    return join(session, round_id, each.account_id, each.standing, reason=SWEPT, payment_id=each.payment_id, now=now)
