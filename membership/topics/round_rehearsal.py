"""A rehearsal of a round: a few ballots that travel with the page and are kept nowhere, and what they would come to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from membership.errors import Refusal
from membership.topics.models import Round
from membership.topics.rounds import InRound
from membership.topics.tally import Contender, chosen, tally

MOST_BALLOTS = 50


@dataclass(frozen=True)
class Rehearsed:
    """What a topic would have reached."""

    title: str
    votes: int
    chosen: bool


def read_ballots(texts: Iterable[str], topics: Sequence[InRound], choices: int) -> tuple[tuple[str, ...], ...]:
    """Reads ballots as the page carries them: slugs divided by blanks. What is no ballot of this round is left out."""
    slugs = {topic.slug for topic in topics}
    ballots = [tuple(dict.fromkeys(text.split())) for text in texts]
    return tuple(each for each in ballots if each and slugs.issuperset(each) and len(each) <= choices)[:MOST_BALLOTS]


def checked(ballot: Collection[str], topics: Sequence[InRound], choices: int) -> tuple[str, ...]:
    """Returns one more ballot; raises the `Refusal` that a voter would read."""
    if not ballot:
        raise Refusal("Choose at least one topic.", field="choices")
    if len(ballot) > choices:
        raise Refusal(
            "You chose %(chosen)s topics; this round has room for %(choices)s.",
            field="choices",
            chosen=len(ballot),
            choices=choices,
        )
    if not {topic.slug for topic in topics}.issuperset(ballot):
        raise Refusal("That is not a topic of this round.", field="choices")
    return tuple(dict.fromkeys(ballot))


def outcome(round_: Round, topics: Sequence[InRound], ballots: Sequence[Sequence[str]]) -> tuple[Rehearsed, ...]:
    """Counts the ballots as the close would, the first first."""
    contenders = [Contender(topic.slug, topic.proposed_at, topic.endangered_at is None) for topic in topics]
    counted = tally(round_.slug, contenders, ballots)
    won, titles = chosen(counted, round_.winners), {topic.slug: topic.title for topic in topics}
    return tuple(Rehearsed(titles[each.slug], each.votes, each.slug in won) for each in counted)
