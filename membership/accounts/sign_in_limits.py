"""How often one may ask for a mail to sign in: counted from the rows of the last hour, for address and network."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import SignInToken
from membership.errors import TooMany

WINDOW = timedelta(hours=1)
# Whoever types an address fills its inbox; and 5 codes of 5 tries an hour are too few to guess one of a million.
ADDRESS_LIMIT = 5
NETWORK_LIMIT = 20

# In place of the network of rows whose link was printed: those are no mails.
PRINTED = "printed"


def refuse_too_many(session: Session, email_key: str, network_key: str | None, *, now: datetime) -> None:
    """Raises `TooMany` if the address or the network has had its mails of this hour."""
    mailed = or_(SignInToken.network_key.is_(None), SignInToken.network_key != PRINTED)
    to_address = (SignInToken.email_key == email_key) & mailed
    _refuse(
        "We have sent this address several mails already. The newest works; a new one can be sent in %(minutes)s min.",
        _seconds_to_wait(session, to_address, ADDRESS_LIMIT, now=now),
    )
    if network_key is not None:
        _refuse(
            "Too many people have asked from your network. Please try again in %(minutes)s min.",
            _seconds_to_wait(session, SignInToken.network_key == network_key, NETWORK_LIMIT, now=now),
        )


def _seconds_to_wait(session: Session, which: ColumnElement[bool], limit: int, *, now: datetime) -> int:
    """Returns in how many seconds the oldest of `limit` rows leaves the hour; 0 if there are fewer."""
    oldest = session.scalar(
        select(SignInToken.created_at)
        .where(which, SignInToken.created_at > now - WINDOW)
        .order_by(SignInToken.created_at.desc())
        .offset(limit - 1)
        .limit(1)
    )
    return 0 if oldest is None else int((oldest + WINDOW - now).total_seconds()) + 1


def _refuse(sentence: str, seconds: int) -> None:
    if seconds:
        raise TooMany(sentence, field="email", retry_after=seconds, minutes=-(-seconds // 60))
