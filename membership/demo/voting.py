"""The demo's voting: two rounds that have closed, one that is open, and what became of what was chosen."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.patrons.who import accounts_that_may_vote
from membership.topics.answering import decline, shortlist
from membership.topics.ballots import cast
from membership.topics.closing import close
from membership.topics.following import follow
from membership.topics.models import RollEntry, Round, Topic
from membership.topics.opening import open_round
from membership.topics.promises import begin_reporting, postpone, promise
from membership.topics.proposing import propose

CHOICES = 2
CLOSE = time(20, 0)
# In days before today: when people proposed, when the rounds opened and closed. The first three topics are older.
OLDER = 3
PROPOSED: Final = {True: 126, False: 30}
OPENED: Final = (119, 26, 2)
CLOSES: Final = (112, 19, -5)
POSTPONED, IN_WORK, DECLINED, FOLLOWED = 40, 9, 12, 8
PROMISED_IN = timedelta(days=16)
FOLLOWERS = 3
# Who chose what, one ballot each, as places in the round's list of topics. Under five, no counts would be shown.
BALLOTS: Final = (
    ((0, 1), (0,), (1, 0), (0, 2), (1,), (0,)),
    ((0, 1), (0,), (1, 2), (0, 2), (1, 0), (2,), (0, 1)),
    ((0, 2), (1,), (3, 0)),
)


def vote(session: Session, content: Mapping[str, Any], *, editor_id: int, zone: ZoneInfo, now: datetime) -> None:
    """Lets the patrons propose the topics and vote, and an editor open the rounds, each in its time.

    In one transaction: a worker that saw a past round half-made would close it.
    """
    days = _Days(now, zone)
    topics = _propose(session, content["topics"], editor_id, days)
    for row, opened, closes, ballots in zip(content["rounds"], OPENED, CLOSES, BALLOTS, strict=True):
        round_ = _open(session, row, topics, editor_id, opens_at=days.ago(opened), closes_at=days.ago(closes))
        _cast(session, round_, [topics[name].slug for name in row["topics"]], ballots, at=days.ago(opened - 1))
        if closes > 0:
            close(session, round_.id, clock=SteppedClock(round_.closes_at))
    _go_on(session, content["later"], topics, editor_id, days)


class _Days:
    """Counts days in the newsroom's zone, each at the hour when rounds close."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self._today = now.astimezone(zone).date()
        self.zone = zone

    def ago(self, days: int) -> datetime:
        return datetime.combine(self._today - timedelta(days=days), CLOSE, tzinfo=self.zone)


def _propose(session: Session, rows: Sequence[Mapping[str, Any]], editor_id: int, days: _Days) -> dict[str, Topic]:
    # Each patron proposes one thing, so that none meets the limits of a day.
    topics = {}
    for place, row in enumerate(rows):
        proposed = PROPOSED[place < OLDER]
        at = days.ago(proposed) + timedelta(minutes=17 * place)
        patrons = [account_id for account_id, _standing in accounts_that_may_vote(session, now=at)]
        topic = propose(session, patrons[place % len(patrons)], row["title"], row["why"], now=at)
        session.flush()
        topics[row["slug"]] = topic
        shortlist(session, topic, by=editor_id, now=days.ago(proposed - 2) + timedelta(minutes=place))
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
    return open_round(
        session,
        row["title"],
        row["question"],
        [topics[name].slug for name in row["topics"]],
        closes_at=closes_at,
        choices=CHOICES,
        winners=row["winners"],
        by=editor_id,
        now=opens_at,
    )


def _cast(
    session: Session, round_: Round, slugs: Sequence[str], ballots: Sequence[tuple[int, ...]], *, at: datetime
) -> None:
    voters = select(RollEntry.account_id).where(RollEntry.round_id == round_.id).order_by(RollEntry.account_id)
    for place, (account_id, choice) in enumerate(zip(session.scalars(voters).all(), ballots, strict=False)):
        clock = SteppedClock(at + timedelta(minutes=41 * place))
        cast(session, round_.id, account_id or 0, [slugs[chosen] for chosen in choice], version=0, clock=clock)


def _go_on(
    session: Session, later: Mapping[str, Mapping[str, str]], topics: Mapping[str, Topic], editor_id: int, days: _Days
) -> None:
    """Lets the editor do something with what was chosen; one topic waits for its article, which is imported later."""
    waits, works, refused = (topics[later[name]["topic"]] for name in ("postponed", "in_work", "declined"))
    zone, at = days.zone, days.ago(POSTPONED)
    promise(session, waits, later["postponed"]["person"], _on(at), by=editor_id, zone=zone, now=days.ago(CLOSES[0] - 1))
    in_two_months = _on(days.ago(0).replace(day=1) + timedelta(days=62))
    postpone(session, waits, in_two_months, later["postponed"]["reason"], by=editor_id, zone=zone, now=at)
    decline(session, refused, later["declined"]["reason"], by=editor_id, now=days.ago(DECLINED))
    begins = days.ago(IN_WORK)
    on = _on(days.ago(0) + PROMISED_IN)
    promise(session, works, later["in_work"]["person"], on, by=editor_id, zone=zone, now=begins)
    begin_reporting(session, works, by=editor_id, now=begins + timedelta(hours=1))
    for account_id, _standing in accounts_that_may_vote(session, now=begins)[:FOLLOWERS]:
        follow(session, account_id, works, now=days.ago(FOLLOWED))


def _on(at: datetime) -> date:
    return at.date()
