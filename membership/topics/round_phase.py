"""Where a round stands: from the draft that nobody outside sees to its close, or until it was called off."""

from datetime import datetime
from typing import Literal

from sqlalchemy import or_

from membership.topics.models import Round

# Of rows: what is no draft.
IS_SEEN = or_(Round.announced_at.is_not(None), Round.roll_hash_open.is_not(None))

Phase = Literal["draft", "soon", "joining", "voting", "counting", "closed", "called_off"]


def phase(round_: Round, *, now: datetime) -> Phase:
    """Says where a round stands: `joining` while people may still come onto its roll.

    A round whose time to open has come is `soon` until its roll is made.
    """
    if is_draft(round_):
        return "draft"
    if round_.called_off_at is not None:
        return "called_off"
    if round_.closed_at is not None:
        return "closed"
    if round_.roll_hash_open is None or now < round_.opens_at:
        return "soon"
    if now >= round_.closes_at:
        return "counting"
    return "joining" if now < round_.joins_until else "voting"


def is_draft(round_: Round) -> bool:
    """Says whether nobody outside sees a round. One with a roll is open: an older release opens without announcing."""
    return round_.announced_at is None and round_.roll_hash_open is None


def is_open(round_: Round, *, now: datetime) -> bool:
    """Says whether votes are taken."""
    return phase(round_, now=now) in ("joining", "voting")


def next_change(round_: Round, *, now: datetime) -> datetime | None:
    """Returns when the clock alone changes the pages of a round; `None` if it does not any more."""
    if round_.closed_at is not None or round_.called_off_at is not None:
        return None
    moments = (round_.opens_at, round_.joins_until, round_.closes_at)
    return min((each for each in moments if each > now), default=None)
