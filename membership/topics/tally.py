"""The count of an approval round: a pure function of the published ballots and topics, so that anyone can repeat it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256


@dataclass(frozen=True)
class Contender:
    """A topic of the round, and when it was proposed (the first tie-breaker).

    One that turned dangerous while the round was open keeps its votes and its rank, and cannot win.
    """

    slug: str
    proposed_at: datetime
    can_win: bool = True


@dataclass(frozen=True)
class Counted:
    """What a topic reached. `rank` starts at 1 and is shared by nobody: ties are broken by the declared rule."""

    slug: str
    votes: int
    rank: int
    can_win: bool = True


def tally(round_slug: str, contenders: Sequence[Contender], ballots: Iterable[Collection[str]]) -> tuple[Counted, ...]:
    """Counts one vote for each topic on each ballot and ranks the topics, the first first.

    `ballots` are sets of topic slugs; a slug that is no contender is a fault of the caller and raises `KeyError`.
    Equal votes: the earlier proposal goes first, then the smaller `tie_digest` (docs/design.md, Voting).
    """
    votes = Counter({contender.slug: 0 for contender in contenders})
    for ballot in ballots:
        for slug in set(ballot):
            if slug not in votes:
                raise KeyError(slug)
            votes[slug] += 1
    ranked = sorted(contenders, key=lambda c: (-votes[c.slug], c.proposed_at, tie_digest(round_slug, c.slug)))
    return tuple(Counted(each.slug, votes[each.slug], rank, each.can_win) for rank, each in enumerate(ranked, start=1))


def chosen(counted: Sequence[Counted], winners: int) -> tuple[str, ...]:
    """Returns the slugs of up to `winners` topics, the first first: never one without a vote, or that cannot win."""
    return tuple(each.slug for each in counted if each.can_win and each.votes > 0)[:winners]


def tie_digest(round_slug: str, topic_slug: str) -> str:
    """Returns SHA-256, as lower-case hex, of the UTF-8 text `<round slug>\\n<topic slug>`."""
    return sha256(f"{round_slug}\n{topic_slug}".encode()).hexdigest()
