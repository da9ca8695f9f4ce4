"""The rounds that are open or announced, remembered for every page that may speak of one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.topics.models import Round
from membership.topics.round_phase import IS_SEEN


@dataclass(frozen=True)
class OpenRound:
    """A round that is open, or announced and not opened yet (`has_opened`), as other pages need it."""

    slug: str
    title: str
    opens_at: datetime
    joins_until: datetime
    closes_at: datetime
    has_opened: bool


def open_round(*, now: datetime) -> OpenRound | None:
    """Returns the open round that closes next; `None` if none is open at `now`."""
    return next((each for each in _opened() if each.opens_at <= now < each.closes_at), None)


def next_round() -> OpenRound | None:
    """Returns the announced round that opens next; `None` if none is announced."""
    return min((each for each in not_over() if not each.has_opened), key=lambda each: each.opens_at, default=None)


def next_change(*, now: datetime) -> datetime | None:
    """Returns the next moment at which the clock alone changes what pages say of rounds; `None` if it does not."""
    moments = (moment for each in not_over() for moment in (each.opens_at, each.joins_until, each.closes_at))
    return min((each for each in moments if each > now), default=None)


def _opened() -> tuple[OpenRound, ...]:
    return tuple(each for each in not_over() if each.has_opened)


def _load(session: Session) -> tuple[OpenRound, ...]:
    rows = session.execute(
        select(
            Round.slug,
            Round.title,
            Round.opens_at,
            Round.joins_until,
            Round.closes_at,
            Round.roll_hash_open.is_not(None),
        )
        .where(IS_SEEN, Round.closed_at.is_(None), Round.called_off_at.is_(None))
        .order_by(Round.closes_at, Round.id)
    )
    return tuple(OpenRound(*row) for row in rows)


not_over = Remembered(_load)
