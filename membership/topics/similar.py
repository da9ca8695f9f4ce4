"""Topics that are like what somebody is about to propose: compared by their titles, and public ones only."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process, utils
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.topics.listing import HIDDEN
from membership.topics.models import Topic

# 0–100: from here on people see the likeness. Tried on pairs of questions in three languages (tests).
ALIKE: Final = 82
MOST_SHOWN: Final = 5
MOST_COMPARED: Final = 2000
LONGEST: Final = 120
# Shorter words are mostly such as every question has.
LETTERS_OF_A_WORD: Final = 4
# A title of which less is typed is like too much.
FEWEST_LETTERS: Final = 8


@dataclass(frozen=True)
class Titled:
    """A public topic by its name."""

    slug: str
    title: str
    state: str


def similar_to(title: str) -> tuple[Titled, ...]:
    """Returns the public topics whose titles are most like this one, the most like first."""
    return most_like(title, public_titles())


def most_like(title: str, topics: Sequence[Titled]) -> tuple[Titled, ...]:
    """Returns up to five of `topics` that are like `title`, the most like first; none while too little is typed."""
    words = _words(title[:LONGEST])
    if sum(map(len, words)) < FEWEST_LETTERS:
        return ()
    scored = [(_likeness(words, _words(each.title)), each) for each in topics]
    alike = sorted((pair for pair in scored if pair[0] >= ALIKE), key=lambda pair: -pair[0])
    return tuple(each for _score, each in alike[:MOST_SHOWN])


# The same titles are compared with each that is typed.
@lru_cache(maxsize=2 * MOST_COMPARED)
def _words(title: str) -> tuple[str, ...]:
    words = utils.default_process(title).split()
    return tuple(dict.fromkeys([each for each in words if len(each) >= LETTERS_OF_A_WORD] or words))


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """Says how well each word of the shorter title is found in the other, in whatever form it is bent; 0 if badly."""
    few, many = sorted((one, other), key=len)
    may_miss = (100.0 - ALIKE) * len(few)
    for word in few:
        may_miss -= 100 - process.extractOne(word, many, scorer=fuzz.ratio)[1]
        # Most titles are nothing alike, and their first words say so.
        if may_miss < 0:
            return 0
    return ALIKE + may_miss / len(few) if few else 0


def _load(session: Session) -> tuple[Titled, ...]:
    rows = session.execute(
        select(Topic.slug, Topic.title, Topic.state)
        .where(Topic.state.not_in(HIDDEN))
        .order_by(Topic.id.desc())
        .limit(MOST_COMPARED)
    )
    return tuple(Titled(row.slug, row.title, row.state) for row in rows)


public_titles = Remembered(_load)
