"""Asking for help without signing in: a letter to the address that was typed, and the same answer for everyone.

Who types somebody else's address learns nothing, and changes nothing: everything stands in the letter.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from membership.accounts.addresses import clean_email, email_key
from membership.db import take_turn
from membership.errors import Refusal, TooMany
from membership.outbox.rows import enqueue
from membership.support.models import HelpRequest

FIND, STOP, UNKNOWN, ADDRESS, WITHDRAW = "find", "stop", "unknown", "address", "withdraw"
TOPICS = {
    FIND: (_("Find my payment"), _("What was paid under this address, and where the receipts are.")),
    STOP: (_("Stop my pledge"), _("A link that stops it, without signing in.")),
    UNKNOWN: (_("A charge I do not know"), _("Whether it is ours, and how to end or undo it.")),
    ADDRESS: (_("A wrong address"), _("What to do if letters go to the wrong place.")),
    WITHDRAW: (_("Take a payment back"), _("Within 14 days of a donation, or of the first payment of a pledge.")),
}

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The address is not secret: nobody alone may use up what its owner needs, and nobody together may fill its inbox.
PAIR_LIMITS = ((HOUR, 3), (DAY, 6))
ADDRESS_LIMITS = ((HOUR, 6), (DAY, 12))
NETWORK_LIMITS = ((HOUR, 20), (DAY, 60))

Limits = Sequence[tuple[timedelta, int]]


def ask_help(session: Session, email: str, topic: str, *, network_key: str | None, now: datetime) -> None:
    """Has a letter sent to the address. Raises a `Refusal` of field `email` or `topic`, or `TooMany`.

    Whether the address is known plays no part here, so that neither answer nor time can tell.
    """
    if topic not in TOPICS:
        raise Refusal("Choose what we can help with.", field="topic")
    address, key = clean_email(email), email_key(email)
    count_letter(session, key, network_key, now=now)
    enqueue(session, "help", str(uuid4()), {"email": address, "topic": topic}, now=now)


def count_letter(session: Session, key: str, network_key: str | None, *, now: datetime) -> None:
    """Counts a letter to an address (its key) that anybody may have sent. Raises `TooMany` of field `email`."""
    take_turn(session, f"help {key}")
    _refuse_too_many(session, key, network_key, now=now)
    session.add(HelpRequest(email_key=key, network_key=network_key, created_at=now))


def _refuse_too_many(session: Session, key: str, network_key: str | None, *, now: datetime) -> None:
    to_address = HelpRequest.email_key == key
    from_network = HelpRequest.network_key.is_not_distinct_from(network_key)
    seconds = max(
        _seconds(session, to_address & from_network, PAIR_LIMITS, now=now),
        _seconds(session, to_address, ADDRESS_LIMITS, now=now),
        _seconds(session, from_network, NETWORK_LIMITS, now=now) if network_key is not None else 0,
    )
    if seconds:
        raise TooMany(
            "Several letters were asked for already. Look for the newest, also among unwanted mail; "
            "we send another in %(minutes)s min at the earliest.",
            field="email",
            retry_after=seconds,
            minutes=-(-seconds // 60),
        )


def _seconds(session: Session, which: ColumnElement[bool], limits: Limits, *, now: datetime) -> int:
    """Returns in how many seconds all limits hold again; 0 if they hold now."""
    return max(_seconds_of_one(session, which, window, limit, now=now) for window, limit in limits)


def _seconds_of_one(
    session: Session, which: ColumnElement[bool], window: timedelta, limit: int, *, now: datetime
) -> int:
    # The oldest of as many rows as are allowed: when it leaves the window, one more is.
    oldest = session.scalar(
        select(HelpRequest.created_at)
        .where(which, HelpRequest.created_at > now - window)
        .order_by(HelpRequest.created_at.desc())
        .offset(limit - 1)
        .limit(1)
    )
    return 0 if oldest is None else int((oldest + window - now).total_seconds()) + 1
