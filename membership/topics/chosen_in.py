"""In which round a topic was chosen, and by how many: said wherever something speaks of what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.topics.models import CountedBallot, Round, RoundResult, TopicMove
from membership.topics.roll import WITHHELD_UNDER


@dataclass(frozen=True)
class ChosenIn:
    """A closed round that chose a topic: `votes` of `ballots` named it; both `None` where counts are withheld.

    `donors`: not patrons alone could vote.
    """

    round_id: int
    slug: str
    title: str
    votes: int | None
    ballots: int | None
    donors: bool

    @property
    def href(self) -> str:
        """The path of its results."""
        return f"/rounds/{self.slug}/results"


def chosen_in(session: Session, topic_ids: Iterable[int]) -> Mapping[int, ChosenIn]:
    """Returns, for each of these topics that a round has chosen, the latest such round."""
    ballots = (
        select(func.count()).select_from(CountedBallot).where(CountedBallot.round_id == Round.id).scalar_subquery()
    )
    rows = session.execute(
        select(RoundResult.topic_id, RoundResult.votes, Round, ballots.label("ballots"))
        .join(Round, Round.id == RoundResult.round_id)
        # The close moves what it chose: that row says so, whatever rule the tally had.
        .join(TopicMove, (TopicMove.topic_id == RoundResult.topic_id) & (TopicMove.at == Round.closed_at))
        .where(RoundResult.topic_id.in_(list(topic_ids)), TopicMove.now == "selected")
        .order_by(Round.closed_at, Round.id)
    )
    return {row.topic_id: _chosen_in(row.Round, row.votes, row.ballots) for row in rows}


def _chosen_in(round_: Round, votes: int, ballots: int) -> ChosenIn:
    withheld = ballots < WITHHELD_UNDER
    return ChosenIn(
        round_id=round_.id,
        slug=round_.slug,
        title=round_.title,
        votes=None if withheld else votes,
        ballots=None if withheld else ballots,
        donors=round_.donor_months is not None,
    )
