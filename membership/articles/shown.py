"""Articles as pages show them: values made from rows, handed to templates."""

from dataclasses import dataclass
from datetime import datetime

from membership.appeals.choice import Reading
from membership.articles.sections import SectionName


@dataclass(frozen=True)
class Shown:
    """A picture as a page shows it; sizes in pixels."""

    src: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Card:
    """An article in a list."""

    slug: str
    title: str
    standfirst: str
    section: SectionName | None
    authors: tuple[str, ...]
    published_at: datetime
    picture: Shown | None

    @property
    def href(self) -> str:
        """The path of its page."""
        return f"/articles/{self.slug}"


@dataclass(frozen=True)
class Listing:
    """A page of cards, newest first. `older` is the slug after which the next page goes on, `None` on the last one."""

    cards: tuple[Card, ...]
    older: str | None


@dataclass(frozen=True)
class Story:
    """An article with its body (sanitised HTML) and the articles recommended under it.

    `next_at` is the next moment at which any other article is due; `None` if none is. `topic_id` is the topic that it
    answers, if it names one.
    """

    card: Card
    body: str
    reading: Reading
    also: tuple[Card, ...]
    next_at: datetime | None
    topic_id: int | None


@dataclass(frozen=True)
class Entry:
    """An article in the feed, with its body in full."""

    card: Card
    body: str
    updated_at: datetime
