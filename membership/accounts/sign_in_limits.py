"""How often one may ask for a mail to sign in, and how often a code may be wrong: counted from the rows of a day.

The address is not secret, so nobody alone may use up what its owner needs: the narrow limits are those of one
network, the wide ones of an address only keep its inbox from being filled.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import SignInToken
from membership.errors import TooMany

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# For an address from one network. A day of it is a third of the address's own: one stranger cannot use that up.
PAIR_LIMITS = ((HOUR, 5), (DAY, 10))
# For an address from everywhere.
ADDRESS_LIMITS = ((HOUR, 20), (DAY, 30))
# For a network, whatever the addresses.
NETWORK_LIMITS = ((HOUR, 20),)

# With five tries a mail and 30 mails a day, a patient guesser would have 150 of a million each day, for ever.
WRONG_CODES = 20

# In place of the network of rows whose link was printed: those are no mails.
PRINTED = "printed"

Limits = tuple[tuple[timedelta, int], ...]


def refuse_too_many(session: Session, email_key: str, network_key: str | None, *, now: datetime) -> None:
    """Raises `TooMany` if the address or the network has had its mails of this hour or day."""
    mailed = or_(SignInToken.network_key.is_(None), SignInToken.network_key != PRINTED)
    to_address = (SignInToken.email_key == email_key) & mailed
    from_network = SignInToken.network_key.is_not_distinct_from(network_key)
    seconds = max(
        _seconds_to_wait(session, to_address & from_network, PAIR_LIMITS, now=now),
        _seconds_to_wait(session, to_address, ADDRESS_LIMITS, now=now),
    )
    if seconds:
        raise TooMany(
            "Several mails were sent to this address already. The newest works for ten minutes after it was sent; "
            "we send another in %(minutes)s min at the earliest.",
            field="email",
            retry_after=seconds,
            minutes=_minutes(seconds),
        )
    if network_key is not None and (seconds := _seconds_to_wait(session, from_network, NETWORK_LIMITS, now=now)):
        raise TooMany(
            "Too many mails were asked for from your network. Please try again in %(minutes)s min.",
            field="email",
            retry_after=seconds,
            minutes=_minutes(seconds),
        )


def is_guessed(session: Session, email_key: str, *, now: datetime) -> bool:
    """Says whether so many codes for an address were wrong within a day that no code is taken for it."""
    of_today = (SignInToken.email_key == email_key, SignInToken.created_at > now - DAY)
    return (session.scalar(select(func.sum(SignInToken.tries)).where(*of_today)) or 0) >= WRONG_CODES


def _seconds_to_wait(session: Session, which: ColumnElement[bool], limits: Limits, *, now: datetime) -> int:
    """Returns in how many seconds all limits hold again; 0 if they hold now."""
    return max(_seconds_of_one(session, which, window, limit, now=now) for window, limit in limits)


def _seconds_of_one(
    session: Session, which: ColumnElement[bool], window: timedelta, limit: int, *, now: datetime
) -> int:
    # The oldest of as many rows as are allowed: when it leaves the window, one more is.
    oldest = session.scalar(
        select(SignInToken.created_at)
        .where(which, SignInToken.created_at > now - window)
        .order_by(SignInToken.created_at.desc())
        .offset(limit - 1)
        .limit(1)
    )
    return 0 if oldest is None else int((oldest + window - now).total_seconds()) + 1


def _minutes(seconds: int) -> int:
    return -(-seconds // 60)
