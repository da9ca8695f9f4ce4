"""The rounds that are open, remembered for every page that may speak of one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.topics.models import Round


@dataclass(frozen=True)
class OpenRound:
    """An open round, as other pages need it."""

    slug: str
    title: str
    opens_at: datetime
    joins_until: datetime
    closes_at: datetime


def open_round(*, now: datetime) -> OpenRound | None:
    """Returns the open round that closes next; `None` if none is open at `now`."""
    return next((each for each in not_closed() if each.opens_at <= now < each.closes_at), None)


def next_change(*, now: datetime) -> datetime | None:
    """Returns the next moment at which the clock alone changes what pages say of rounds; `None` if it does not."""
    moments = (moment for each in not_closed() for moment in (each.opens_at, each.joins_until, each.closes_at))
    return min((each for each in moments if each > now), default=None)


def _load(session: Session) -> tuple[OpenRound, ...]:
    rows = session.execute(
        select(Round.slug, Round.title, Round.opens_at, Round.joins_until, Round.closes_at)
        .where(Round.closed_at.is_(None))
        .order_by(Round.closes_at, Round.id)
    )
    return tuple(OpenRound(*row) for row in rows)


not_closed = Remembered(_load)
