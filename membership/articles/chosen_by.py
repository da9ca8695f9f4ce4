"""Who chose what an article answers: the round, how many, and the names of those who wished it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.topics.chosen_in import ChosenIn, chosen_in
from membership.topics.credits import voters_by_name
from membership.topics.models import Topic

# So many names stand on the article's own page, and on each page of all of them.
NAMES_AT_ONCE = 100


@dataclass(frozen=True)
class ChosenBy:
    """The round that chose a topic, and who voted in it by name: nobody where counts are withheld."""

    round: ChosenIn
    names: tuple[str, ...]

    @property
    def others(self) -> bool:
        """Says whether more voted than are named."""
        return len(self.names) < (self.round.ballots or 0)


def _load(session: Session, topic_id: int) -> ChosenBy | None:
    is_named = session.scalar(select(Topic.id).where(Topic.id == topic_id, Topic.state != "withheld"))
    round_ = None if is_named is None else chosen_in(session, [topic_id]).get(topic_id)
    if round_ is None:
        return None
    # Under five, who voted would tell what they chose.
    return ChosenBy(round_, () if round_.ballots is None else voters_by_name(session, round_.round_id))


chosen_by = Remembered(_load)
