"""Everybody votes at the same instant, and across the close: each accepted vote is counted, and nothing else is."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest

from membership.clock import Clock, SteppedClock
from membership.db import Database, transaction
from membership.topics.closing import close
from tests.processes.alive import until
from tests.storms.conftest import Ground
from tests.storms.fleet import Fleet
from tests.storms.voting import (
    CHOICES,
    Ballots,
    Poll,
    Said,
    cast,
    counted,
    database_of,
    is_closed,
    open_poll,
    result,
    send,
)

CLOSERS = 3
AROUND = timedelta(milliseconds=50)
# So much earlier come those who still have time for it.
EARLIER_BY = timedelta(milliseconds=700)
# Until everything stands and is connected.
BEFORE = timedelta(seconds=2)


@dataclass(frozen=True)
class Crowd:
    """How many vote, over how many connections each, and how often that is done; `earlier` more come before them."""

    voters: int
    sockets: int = 1
    times: int = 1
    earlier: int = 0

    @property
    def everybody(self) -> int:
        return self.voters + self.earlier


SMALL_INSTANT, SMALL_CLOSE = Crowd(25, 4), Crowd(100, earlier=25)
FULL_INSTANT, FULL_CLOSE = Crowd(250, 4), Crowd(1000, times=20, earlier=250)


def test_everybody_votes_at_one_instant(small: Ground, chance: Random) -> None:
    vote_at_once(small.fleet, SMALL_INSTANT, chance)


def test_everybody_votes_while_the_round_closes(small: Ground, chance: Random) -> None:
    vote_across_the_close(small.fleet, SMALL_CLOSE, chance)


@pytest.mark.storm_full
def test_a_thousand_votes_at_one_instant(full: Ground, chance: Random) -> None:
    vote_at_once(full.fleet, FULL_INSTANT, chance)


@pytest.mark.storm_full
def test_a_thousand_votes_across_the_close_twenty_times(full: Ground, chance: Random) -> None:
    vote_across_the_close(full.fleet, FULL_CLOSE, chance)


def vote_at_once(fleet: Fleet, crowd: Crowd, chance: Random) -> None:
    with database_of(fleet) as (database, clock):
        poll = open_poll(database, clock, voters=crowd.voters, lasts=timedelta(days=1))
        requests = [poll.request(each, _choice(poll, chance)) for each in poll.voters for _ in range(crowd.sockets)]
        chance.shuffle(requests)
        answers = send(fleet, requests, clock=clock)

        # All tabs had seen the same empty ballot: one was first, the others are told what stands.
        refused = crowd.voters * (crowd.sockets - 1)
        assert Counter(each.status for each in answers) == {200: crowd.voters, 409: refused}
        assert cast(database, poll) == _accepted(answers)
        _close(database, poll, SteppedClock(poll.closes_at))
        assert counted(database, poll) == _accepted(answers)
        assert result(database, poll) == _tally(_accepted(answers))


def vote_across_the_close(fleet: Fleet, crowd: Crowd, chance: Random) -> None:
    seen = Counter[int]()
    with database_of(fleet) as (database, clock):
        for _ in range(crowd.times):
            poll = open_poll(database, clock, voters=crowd.everybody, lasts=_time_to_connect(crowd))
            requests = [poll.request(each, _choice(poll, chance)) for each in poll.voters]
            times = sorted(_moment(poll, chance, is_early=place < crowd.earlier) for place in range(crowd.everybody))
            with ThreadPoolExecutor(CLOSERS) as closers:
                closing = [closers.submit(_close_by_the_clock(database, poll, clock)) for _ in range(CLOSERS)]
                answers = send(fleet, requests, times, clock=clock)
                # The worker closes as well, and so does a vote that comes too late: none or one of ours was first.
                assert sum(each.result() for each in closing) <= 1
            seen.update(each.status for each in answers)

            assert {each.status for each in answers} <= {200, 409}, answers
            assert {each.told["error"] for each in answers if each.status == 409} <= {
                "This round has closed. The vote was not changed."
            }
            assert counted(database, poll) == _accepted(answers)
            assert result(database, poll) == _tally(_accepted(answers))
            assert cast(database, poll) == {}
    print(f"{crowd.times} × {crowd.everybody} votes across the close: {dict(seen)}")  # noqa: T201 - by `make storm`
    assert seen[200] > 0 < seen[409]


def _time_to_connect(crowd: Crowd) -> timedelta:
    return BEFORE + timedelta(milliseconds=2 * crowd.everybody)


def _moment(poll: Poll, chance: Random, *, is_early: bool) -> datetime:
    around = poll.closes_at + AROUND * chance.uniform(-1, 1)
    return around - EARLIER_BY if is_early else around


def _choice(poll: Poll, chance: Random) -> list[str]:
    return chance.sample(poll.topics, chance.randint(1, CHOICES))


def _accepted(answers: list[Said]) -> Ballots:
    return {each.told["receipt"]: frozenset(each.told["choices"]) for each in answers if each.status == 200}


def _tally(ballots: Ballots) -> Counter[str]:
    return Counter(slug for choices in ballots.values() for slug in choices)


def _close_by_the_clock(database: Database, poll: Poll, clock: Clock) -> Callable[[], bool]:
    def act() -> bool:
        until(lambda: clock.now() >= poll.closes_at - AROUND, lambda: "the round does not come to its close")
        did = [False]

        def closed() -> bool:
            did[0] = _close(database, poll, clock) or did[0]
            return is_closed(database, poll)

        until(closed, lambda: "nobody closes the round")
        return did[0]

    return act


def _close(database: Database, poll: Poll, clock: Clock) -> bool:
    with database.session() as session, transaction(session):
        return close(session, poll.round_id, clock=clock)
