"""Which appeal stands under an article. Pure: it knows the article and the newsroom's words, and no reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from urllib.parse import urlencode


@dataclass(frozen=True)
class Reading:
    """What is being read: the slugs of an article, of its section (`None` without one) and of its tags."""

    slug: str
    section: str | None
    tags: tuple[str, ...]


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


def choose(reading: Reading, words: Words) -> Appeal:
    """Chooses the appeal for a reading; it remembers the article, so that thanks can name it."""
    return Appeal(
        heading=words.heading,
        paragraphs=words.paragraphs,
        join_label=words.join_label,
        join_href="/support?" + urlencode({"article": reading.slug}),
        other_label=words.other_label,
        other_href="/support/other-ways",
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
