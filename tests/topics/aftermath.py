"""A round that has chosen the grid, for tests of what became of it."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account, News
from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.keeping import close_due
from membership.topics.models import Round, Topic
from tests.topics.people import opened, patrons, reread, vote, writing

GRID, RUBBLE = "who-repairs-the-grid", "where-does-the-rubble-go"
KYIV = ZoneInfo("Europe/Kyiv")
DAY = timedelta(days=1)


def chosen(database: Database, clock: SteppedClock, *, voters: int = 6) -> tuple[Round, list[Account]]:
    """A closed round in which everybody chose the grid, and one the rubble as well; the clock stands at its close."""
    people = patrons(database, voters, now=clock.at)
    round_ = opened(database, now=clock.at)
    for number, each in enumerate(people):
        vote(database, round_, each, GRID, *([RUBBLE] if number == 0 else []), clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    return reread(database, round_), people


def topic(session: Session, slug: str = GRID) -> Topic:
    return session.scalars(select(Topic).where(Topic.slug == slug)).one()


def does(database: Database, act: Callable[..., object], *arguments: object, **named: object) -> None:
    """Lets an editor do something with the grid, in a transaction."""
    with writing(database) as session:
        act(session, topic(session), *arguments, by=None, **named)


def told(database: Database, kind: str) -> list[tuple[int, str]]:
    """Returns who was told what of a kind: accounts and stages, in the order of the news."""
    with database.session() as session:
        rows = session.scalars(select(News).where(News.kind == kind).order_by(News.id)).all()
        return [(row.account_id, row.payload.get("stage", "")) for row in rows]
