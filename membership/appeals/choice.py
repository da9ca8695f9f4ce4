"""Which appeal stands under an article, and when none does. Pure: numbers of a browser come in, and no reader."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from urllib.parse import urlencode

# What we promise under "Why you see this". The browser counts, over the last 30 days.
MOST_A_MONTH = 4


@dataclass(frozen=True)
class Reading:
    """What is being read: the slugs of an article, of its section (`None` without one) and of its tags."""

    slug: str
    section: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """What a browser says of the last 30 days: articles read, appeals seen, and whether its reader said *not now*."""

    read: int = 0
    seen: int = 0
    not_now: bool = False


@dataclass(frozen=True)
class Ballot:
    """The open round, as an appeal names it. `votes_today`: whoever becomes a patron now may still vote in it."""

    slug: str
    title: str
    closes_at: datetime
    votes_today: bool


@dataclass(frozen=True)
class Words:
    """The newsroom's words for its appeal, with every placeholder filled."""

    heading: str
    paragraphs: tuple[str, ...]
    join_label: str
    other_label: str


@dataclass(frozen=True)
class Appeal:
    """An appeal as a page shows it."""

    heading: str
    paragraphs: tuple[str, ...]
    join_label: str
    join_href: str
    other_label: str
    other_href: str
    ballot: Ballot | None


@dataclass(frozen=True)
class Filter:
    """One thing that must hold for us to ask. `refusal` says why we do not where it fails."""

    id: str
    test: Callable[[Reading, Counts], bool]
    refusal: str


FILTERS: tuple[Filter, ...] = (
    Filter("not_now", lambda _, counts: not counts.not_now, "the reader said not now"),
    Filter("seldom", lambda _, counts: counts.seen < MOST_A_MONTH, f"asked {MOST_A_MONTH} times in 30 days"),
)


def refused_by(reading: Reading, counts: Counts) -> Filter | None:
    """Returns the first filter by which we do not ask now; `None` if we may."""
    return next((each for each in FILTERS if not each.test(reading, counts)), None)


def default_appeal(reading: Reading, words: Words, *, ballot: Ballot | None = None) -> Appeal:
    """Makes the appeal that everyone gets; it remembers the article, so that thanks can name it."""
    return Appeal(
        heading=words.heading,
        paragraphs=words.paragraphs,
        join_label=words.join_label,
        join_href="/support?" + urlencode({"article": reading.slug}),
        other_label=words.other_label,
        other_href="/support/other-ways",
        ballot=ballot,
    )


def filled(paragraphs: Iterable[str], fillings: Mapping[str, str]) -> tuple[str, ...]:
    """Fills the placeholders; a paragraph with one that cannot be filled is left out."""
    return tuple(text.format_map(fillings) for text in paragraphs if placeholders(text) <= fillings.keys())


def placeholders(text: str) -> set[str]:
    """Returns the names in braces; raises `ValueError` if a brace stands alone or holds more than a name."""
    found = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    if any(spec or conversion or not name.isidentifier() for name, spec, conversion in found):
        raise ValueError("a placeholder is one name in braces, like {coffee}")
    return {name for name, _, _ in found}
