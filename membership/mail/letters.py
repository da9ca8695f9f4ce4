"""What a letter is: an addressee, a subject and a few blocks, from which text and HTML are made alike."""

from dataclasses import dataclass, field

from membership.mailbox import Mailbox


@dataclass(frozen=True)
class Line:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Heading:
    """The name of a part, where a letter has several."""

    text: str


@dataclass(frozen=True)
class Link:
    """A link at the foot of a letter, for what few want; `url` is absolute."""

    label: str
    url: str


@dataclass(frozen=True)
class Button:
    """A link that asks for an act; `url` is absolute."""

    label: str
    url: str


@dataclass(frozen=True)
class Code:
    """Something to type or to keep, in large letters."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Pairs of a label and a value, one a line."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Points:
    """A short list."""

    items: tuple[str, ...]


Block = Line | Heading | Button | Link | Code | Facts | Points


@dataclass(frozen=True)
class Letter:
    """One mail to one person. `key` makes its Message-ID, so that a repeat can be recognised."""

    to: str
    subject: str
    blocks: tuple[Block, ...]
    key: str
    reply_to: Mailbox | None = None
    language: str = "en"
    headers: tuple[tuple[str, str], ...] = field(default=())
