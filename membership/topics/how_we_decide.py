"""How a round is decided, as its own settings say: the public page states this and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from membership.topics.models import Round
from membership.topics.roll import WITHHELD_UNDER
from membership.topics.round_terms import donors_since


@dataclass(frozen=True)
class Rules:
    """The rules of one round. `donors_since`: from when on a single gift admits; `None`: patrons alone.

    `joins_to_the_end`: who becomes a patron until the close itself still votes. Counts are withheld under
    `withheld_under` ballots.
    """

    topics: int
    choices: int
    winners: int
    secret: bool
    donors_since: datetime | None
    opens_at: datetime
    joins_until: datetime
    closes_at: datetime
    withheld_under: int

    @property
    def joins_to_the_end(self) -> bool:
        return self.joins_until == self.closes_at


def how_we_decide(round_: Round, topics: int) -> Rules:
    """Returns the rules of a round over so many topics."""
    return Rules(
        topics=topics,
        choices=round_.choices,
        winners=round_.winners,
        secret=round_.secret,
        donors_since=donors_since(round_),
        opens_at=round_.opens_at,
        joins_until=round_.joins_until,
        closes_at=round_.closes_at,
        withheld_under=WITHHELD_UNDER,
    )
