"""Votes follow a pledge that goes over to another account, so that one payment never counts as two voters."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.topics.barring import bar, hold_entries
from membership.topics.models import RollEntry

BARRED_WHY = "the payment went to another account"


def hand_over_votes(session: Session, from_id: int, to_id: int, *, now: datetime) -> None:
    """Gives an account's places on rolls, with their ballots, to another account; where that one has its own, they go.

    For an account that nobody but the payer ever used. In a closed round nothing changes but whose place it is.
    """
    # Not shared: whoever is just coming onto a roll is on it first, or finds the place taken.
    for entry in hold_entries(session, RollEntry.account_id == from_id, shared=False):
        if _is_on_roll(session, entry.round_id, to_id):
            bar(session, entry, BARRED_WHY, now=now)
        else:
            entry.account_id = to_id
    session.flush()


def bar_since(session: Session, account_id: int, *, since: datetime, now: datetime) -> None:
    """Bars an account from the rolls that it joined since then: the payment that put it there is another's."""
    for entry in hold_entries(session, RollEntry.account_id == account_id, shared=True):
        if entry.added_at >= since:
            bar(session, entry, BARRED_WHY, now=now)
    session.flush()


def _is_on_roll(session: Session, round_id: int, account_id: int) -> bool:
    theirs = (RollEntry.round_id == round_id, RollEntry.account_id == account_id)
    return bool(session.scalar(select(exists().where(*theirs))))
