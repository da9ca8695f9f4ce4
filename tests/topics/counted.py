"""Rounds that have been counted, for tests of what is published about them."""

from dataclasses import dataclass

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.danger import endanger
from membership.topics.keeping import close_due
from membership.topics.models import Round
from tests.topics.people import TITLES, opened, patrons, reread, vote, writing

GRID, RUBBLE, FERRY = "who-repairs-the-grid", "where-does-the-rubble-go", "the-last-ferrymen"


@dataclass(frozen=True)
class CountedRound:
    """A round after its close, and the codes of its ballots in the order in which they were cast."""

    round: Round
    codes: tuple[str, ...]


def counted(
    database: Database,
    clock: SteppedClock,
    *choices: tuple[str, ...],
    titles: tuple[str, ...] = TITLES[:3],
    dangerous: str = "",
    winners: int = 1,
) -> CountedRound:
    """Opens a round, has one voter cast each of the choices (slugs), marks a topic as dangerous, and closes."""
    voters = patrons(database, len(choices), now=clock.at)
    round_ = opened(database, titles, winners=winners, now=clock.at)
    codes = tuple(
        vote(database, round_, voter, *chosen, clock=clock).receipt
        for voter, chosen in zip(voters, choices, strict=True)
    )
    if dangerous:
        with writing(database) as session:
            endanger(session, round_.id, dangerous, "It was shelled.", by=None, now=clock.at)
    clock.at = round_.closes_at
    close_due(database, clock)
    return CountedRound(reread(database, round_), codes)
