"""Votes follow a pledge that goes over to another account, so that one payment never counts as two voters."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from membership.db import locked
from membership.outbox.waiting import call_off
from membership.topics.ballots import RECEIPT_LETTER
from membership.topics.models import OpenBallot, RollEntry, Round

BARRED_WHY = "the payment went to another account"


def hand_over_votes(session: Session, from_id: int, to_id: int, *, now: datetime) -> None:
    """Gives an account's places on rolls, with their ballots, to another account; where that one has its own, they go.

    For an account that nobody but the payer ever used. In a closed round nothing changes but whose place it is.
    """
    # Not shared: whoever is just coming onto a roll is on it first, or finds the place taken.
    for entry in _entries(session, from_id, shared=False):
        if _is_on_roll(session, entry.round_id, to_id):
            _bar(session, entry, now=now)
        else:
            entry.account_id = to_id
    session.flush()


def bar_since(session: Session, account_id: int, *, since: datetime, now: datetime) -> None:
    """Bars an account from the rolls that it joined since then: the payment that put it there is another's."""
    for entry in _entries(session, account_id, shared=True):
        if entry.added_at >= since:
            _bar(session, entry, now=now)
    session.flush()


def _entries(session: Session, account_id: int, *, shared: bool) -> list[RollEntry]:
    # The rounds before their entries, as whoever casts a vote locks them.
    theirs = select(RollEntry).where(RollEntry.account_id == account_id).order_by(RollEntry.round_id)
    for entry in session.scalars(theirs).all():
        locked(session, Round, entry.round_id, shared=shared)
    return list(session.scalars(theirs.with_for_update(), execution_options={"populate_existing": True}))


def _is_on_roll(session: Session, round_id: int, account_id: int) -> bool:
    theirs = (RollEntry.round_id == round_id, RollEntry.account_id == account_id)
    return bool(session.scalar(select(exists().where(*theirs))))


def _bar(session: Session, entry: RollEntry, *, now: datetime) -> None:
    round_ = session.get_one(Round, entry.round_id)
    if round_.closed_at is not None or now >= round_.closes_at or entry.barred_at is not None:
        return
    entry.barred_at, entry.barred_why = now, BARRED_WHY
    session.execute(update(OpenBallot).where(OpenBallot.roll_id == entry.id).values(voided_at=now))
    # It would say that the vote counts.
    call_off(session, RECEIPT_LETTER, f"{round_.slug}.{entry.key}", now=now)
