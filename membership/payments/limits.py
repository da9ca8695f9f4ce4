"""Brakes against card testing, counted from the attempts themselves, before Stripe is asked for a session.

Counted in the database, so they hold for any number of processes.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from membership.errors import TooMany
from membership.payments.attempts import Wish
from membership.payments.models import Attempt

WINDOW = timedelta(minutes=10)
PER_EMAIL = 8
PER_NETWORK = 40
ALTOGETHER = 600


def check_limits(session: Session, wish: Wish, *, now: datetime) -> None:
    """Raises `TooMany` if this address, this network or everybody together started too many attempts lately.

    The attempt in question is already among them: refusing rolls it back with the caller's transaction.
    """
    limits: list[tuple[int, ColumnElement[bool]]] = [(ALTOGETHER, true())]
    if wish.email_key is not None:
        limits.append((PER_EMAIL, Attempt.email_key == wish.email_key))
    if wish.network_key is not None:
        limits.append((PER_NETWORK, Attempt.network_key == wish.network_key))
    for limit, which in limits:
        if _count(session, which, now=now) > limit:
            raise TooMany(
                "That was many tries in a short time. Nothing was taken. Please wait ten minutes and try again.",
                retry_after=int(WINDOW.total_seconds()),
            )


def _count(session: Session, which: ColumnElement[bool], *, now: datetime) -> int:
    statement = select(func.count()).select_from(Attempt).where(Attempt.created_at > now - WINDOW, which)
    return session.scalars(statement).one()
