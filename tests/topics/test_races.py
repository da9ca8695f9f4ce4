"""Many at once: voters against the close, closers against each other, joiners against the final hash."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import func, select

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import WrongState
from membership.outbox.models import OutboxRow
from membership.topics.ballots import StaleBallot
from membership.topics.closing import close
from membership.topics.keeping import seal_due
from membership.topics.models import CountedBallot, OpenBallot, Round, RoundResult
from membership.topics.results import results_of
from membership.topics.roll import may_vote_now, turnout, verify_roll
from tests.topics.people import at_once, opened, patrons, reread, vote, writing

GRID, RUBBLE = "who-repairs-the-grid", "where-does-the-rubble-go"


@dataclass
class TippingClock:
    """Reads before the close a number of times, and at the close from then on."""

    closes_at: datetime
    before: int
    _lock: Lock = field(default_factory=Lock)

    def now(self) -> datetime:
        with self._lock:
            self.before -= 1
            return self.closes_at - timedelta(seconds=1) if self.before >= 0 else self.closes_at

    def wall(self) -> datetime:
        return self.closes_at


def test_three_closers_at_once_close_once(database: Database, clock: SteppedClock) -> None:
    voters = patrons(database, 5, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    clock.at = round_.closes_at
    answers = at_once([lambda: _close(database, round_, clock)] * 3)
    assert (answers.count(True), answers.count(False)) == (1, 2)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(RoundResult)) == 3
        assert session.scalar(select(func.count()).select_from(CountedBallot)) == 5
        letters = select(func.count()).select_from(OutboxRow).where(OutboxRow.kind == "round_results")
        assert session.scalar(letters) == 1


def test_every_vote_that_was_accepted_is_counted_and_no_other(database: Database, clock: SteppedClock) -> None:
    voters = patrons(database, 12, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters[:6]:
        vote(database, round_, voter, GRID, clock=clock)
    tipping = TippingClock(round_.closes_at, before=8)
    casts: list[Callable[[], object]] = [_casting(database, round_, voter, tipping) for voter in voters]
    closes: list[Callable[[], object]] = [lambda: _close(database, round_, tipping)] * 3
    answers = at_once([*casts[:6], *closes, *casts[6:]])
    _close(database, round_, tipping)  # all three may have come too early
    accepted = [answer for answer in answers if isinstance(answer, str)]
    refused = [answer for answer in answers if isinstance(answer, WrongState)]
    assert len(accepted) + len(refused) == 12
    assert refused
    # Who was refused keeps the earlier vote for the grid; who was accepted chose the rubble.
    with database.session() as session:
        counted = {row.receipt: row.choices for row in session.scalars(select(CountedBallot))}
        assert {code for code, choices in counted.items() if choices == [RUBBLE]} == set(accepted)
        assert all(choices in ([RUBBLE], [GRID]) for choices in counted.values())
        votes = {each.slug: each.votes for each in results_of(session, reread(database, round_)).topics}
        assert votes[RUBBLE] == len(accepted)
        assert len(counted) == turnout(session, round_.id) >= 6


def test_one_voter_in_many_tabs_has_one_ballot(database: Database, clock: SteppedClock) -> None:
    (voter,) = patrons(database, 1, now=clock.at)
    round_ = opened(database, now=clock.at)
    answers = at_once([_casting(database, round_, voter, clock)] * 6)
    with database.session() as session:
        ballot = session.scalars(select(OpenBallot)).one()
        assert turnout(session, round_.id) == 1
    accepted = [answer for answer in answers if isinstance(answer, str)]
    assert ballot.version == len(accepted)
    assert set(accepted) == {ballot.receipt}
    assert all(isinstance(answer, str | StaleBallot) for answer in answers)


def test_whoever_joins_while_the_roll_is_sealed_stands_in_its_hash_or_not_on_it(
    database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.at)
    joiners = patrons(database, 6, now=clock.at)
    at = round_.joins_until - timedelta(microseconds=1)
    joins = [_joining(database, joiner, at) for joiner in joiners]
    at_once([*joins[:3], lambda: seal_due(database, SteppedClock(round_.joins_until)), *joins[3:]])
    with database.session() as session:
        assert verify_roll(session, reread(database, round_)).final is True


def _casting(
    database: Database, round_: Round, voter: Account, clock: SteppedClock | TippingClock
) -> Callable[[], object]:
    def cast() -> object:
        try:
            return vote(database, round_, voter, RUBBLE, clock=clock).receipt
        except WrongState as refusal:
            return refusal

    return cast


def _joining(database: Database, joiner: Account, at: datetime) -> Callable[[], object]:
    def join() -> object:
        with writing(database) as session:
            return may_vote_now(session, joiner.id, now=at)

    return join


def _close(database: Database, round_: Round, clock: SteppedClock | TippingClock) -> bool:
    with writing(database) as session:
        return close(session, round_.id, clock=clock)
