"""The demo's voting: a round that has closed, with its result, and one that is open."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.patrons.who import accounts_that_may_vote
from membership.topics.ballots import cast
from membership.topics.closing import close
from membership.topics.models import Round, Topic
from membership.topics.moves import propose, shortlist
from membership.topics.rounds import open_round

CHOICES = 2
CLOSE = time(20, 0)
# In days before today: when people proposed, when the rounds opened and closed.
PROPOSED, SHORTLISTED = 30, 28
CLOSED_OPENED, CLOSED_CLOSED = 26, 19
OPEN_OPENED, OPEN_CLOSES = 2, -5
# Who chose what, one ballot each, as places in the round's list of topics. Under five, no counts would be shown.
CLOSED_BALLOTS = ((0, 1), (0,), (1, 2), (0, 2), (1, 0), (2,), (0, 1))
OPEN_BALLOTS = ((0, 2), (1,), (3, 0))


def vote(session: Session, content: Mapping[str, Any], *, editor_id: int, zone: ZoneInfo, now: datetime) -> None:
    """Lets the patrons propose the topics and vote, and an editor open both rounds, each in its time.

    In one transaction: a worker that saw the past round half-made would close it.
    """
    voters = [account_id for account_id, _standing in accounts_that_may_vote(session, now=now)]
    days = _Days(now, zone)
    topics = _propose(session, content["topics"], voters, editor_id, days)
    closed, opened = content["rounds"]
    past = _open(
        session, closed, topics, editor_id, opens_at=days.ago(CLOSED_OPENED), closes_at=days.ago(CLOSED_CLOSED)
    )
    _cast(session, past, closed["topics"], topics, voters, CLOSED_BALLOTS, at=days.ago(CLOSED_CLOSED + 2))
    close(session, past.id, clock=SteppedClock(past.closes_at))
    present = _open(session, opened, topics, editor_id, opens_at=days.ago(OPEN_OPENED), closes_at=days.ago(OPEN_CLOSES))
    _cast(session, present, opened["topics"], topics, voters, OPEN_BALLOTS, at=days.ago(OPEN_OPENED - 1))


class _Days:
    """Counts days in the newsroom's zone, each at the hour when rounds close."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self._today = now.astimezone(zone).date()
        self._zone = zone

    def ago(self, days: int) -> datetime:
        return datetime.combine(self._today - timedelta(days=days), CLOSE, tzinfo=self._zone)


def _propose(
    session: Session, rows: Sequence[Mapping[str, Any]], voters: Sequence[int], editor_id: int, days: _Days
) -> dict[str, Topic]:
    # Each patron proposes one thing, so that none meets the limits of a day.
    topics = {}
    for place, row in enumerate(rows):
        at = days.ago(PROPOSED) + timedelta(minutes=17 * place)
        topic = propose(session, voters[place % len(voters)], row["title"], row["why"], now=at)
        session.flush()
        shortlist(session, topic, by=editor_id, now=days.ago(SHORTLISTED) + timedelta(minutes=place))
        topics[row["slug"]] = topic
    return topics


def _open(
    session: Session,
    row: Mapping[str, Any],
    topics: Mapping[str, Topic],
    editor_id: int,
    *,
    opens_at: datetime,
    closes_at: datetime,
) -> Round:
    slugs = [topics[name].slug for name in row["topics"]]
    return open_round(
        session,
        row["title"],
        row["question"],
        slugs,
        closes_at=closes_at,
        choices=CHOICES,
        winners=1,
        by=editor_id,
        now=opens_at,
    )


def _cast(
    session: Session,
    round_: Round,
    names: Sequence[str],
    topics: Mapping[str, Topic],
    voters: Sequence[int],
    ballots: Sequence[tuple[int, ...]],
    *,
    at: datetime,
) -> None:
    for place, (account_id, choice) in enumerate(zip(voters, ballots, strict=False)):
        clock = SteppedClock(at + timedelta(minutes=41 * place))
        slugs = [topics[names[chosen]].slug for chosen in choice]
        cast(session, round_.id, account_id, slugs, version=0, clock=clock)
