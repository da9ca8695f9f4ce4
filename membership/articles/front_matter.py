"""Reads the file of one article: YAML front matter over Markdown. Every problem names its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import yaml

from membership.articles.slugs import RESERVED, slug_of
from membership.web.slugs import LONGEST, is_slug

FIELDS = (
    "title",
    "slug",
    "standfirst",
    "authors",
    "section",
    "tags",
    "published",
    "picture",
    "picture_alt",
    "related",
    "topic",
)
FENCE = "---"

# What XML 1.0 cannot say, PostgreSQL cannot keep or UTF-8 cannot write; YAML's escapes could bring any of it in.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BLANK_BEFORE_ZONE = re.compile(r"\s+(?=[+-]\d{1,2}:?\d{2}$|[zZ]$)", re.ASCII)


@dataclass(frozen=True)
class Problem:
    """What is wrong in one line of a file."""

    line: int
    what: str


class BrokenArticle(Exception):  # noqa: N818 - said of the file, not of the program
    """A file cannot become an article; `problems` lists everything that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"line {each.line}: {each.what}" for each in problems))
        self.problems = problems


@dataclass(frozen=True)
class Named:
    """A section or a tag: its address and its name."""

    slug: str
    name: str


@dataclass(frozen=True)
class Manuscript:
    """An article as its file says it. `body_line` is the line on which the body starts; `lines` those of the fields."""

    title: str
    slug: str
    standfirst: str
    authors: tuple[str, ...]
    section: Named | None
    tags: tuple[Named, ...]
    published_at: datetime | None
    picture: str | None
    picture_alt: str | None
    related: tuple[str, ...]
    topic: str | None
    body: str
    body_line: int
    lines: Mapping[str, int]

    def line_of(self, name: str) -> int:
        """Returns the line on which a field stands; the first one if it is absent."""
        return self.lines.get(name, 1)


def read(data: bytes, *, file_name: str) -> Manuscript:
    """Reads the bytes of a file whose name, without its ending, is `file_name`: the slug if none is given.

    Raises `BrokenArticle` with all problems at once.
    """
    head, body, body_line = _split(_decode(data))
    fields = _Fields(head)
    manuscript = _manuscript(fields, file_name, body, body_line)
    if fields.problems:
        raise BrokenArticle(*sorted(fields.problems, key=lambda each: each.line))
    return manuscript


def writable(text: str) -> str:
    """Returns the text without characters that no page, feed or database can carry."""
    return _UNWRITABLE.sub("", text)


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BrokenArticle(Problem(line, f"is not UTF-8: byte 0x{data[error.start]:02x}")) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str) -> tuple[str, str, int]:
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        raise BrokenArticle(Problem(1, f"there is no front matter: the first line must be {FENCE}"))
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            return "\n".join(lines[1:number]), writable("\n".join(lines[number + 1 :])), number + 2
    raise BrokenArticle(Problem(1, f"the front matter that starts here is not closed by a line {FENCE}"))


def _manuscript(fields: "_Fields", file_name: str, body: str, body_line: int) -> Manuscript:
    picture = fields.text("picture", longest=300)
    picture_alt = fields.text("picture_alt", longest=1000)
    if picture and not picture_alt:
        fields.problem("picture", "has no picture_alt: say in words what the picture shows")
    return Manuscript(
        title=fields.required("title", longest=300),
        slug=_slug(fields, file_name),
        standfirst=fields.text("standfirst", longest=1000) or "",
        authors=fields.texts("authors"),
        section=_section(fields),
        tags=tuple(fields.named("tags", tag) for tag in fields.texts("tags")),
        published_at=_published(fields),
        picture=picture,
        picture_alt=picture_alt,
        related=tuple(fields.slug("related", slug) for slug in fields.texts("related")),
        topic=_topic(fields),
        body=body,
        body_line=body_line,
        lines=fields.lines,
    )


def _slug(fields: "_Fields", file_name: str) -> str:
    given = fields.text("slug", longest=1000)
    if given is not None:
        if given in RESERVED:
            fields.problem("slug", f"{given!r} is the name of a page of ours: choose another")
        return fields.slug("slug", given)
    made = slug_of(file_name)
    if not made:
        fields.problem("slug", f"is missing, and the file's name {file_name!r} cannot be spelt as one")
    return made


def _section(fields: "_Fields") -> Named | None:
    given = fields.text("section", longest=100)
    if given is None:
        return None
    if is_slug(given):
        return Named(given, given.replace("-", " ").capitalize())
    return fields.named("section", given)


def _topic(fields: "_Fields") -> str | None:
    given = fields.text("topic", longest=1000)
    return None if given is None else fields.slug("topic", given)


def _published(fields: "_Fields") -> datetime | None:
    given = fields.text("published", longest=100)
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(_BLANK_BEFORE_ZONE.sub("", given))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        fields.problem("published", f"{given!r} is no moment: write it like 2026-11-22T08:00:00+02:00")
        return None
    fields.problem("published", f"{given!r} has no time zone: write it like 2026-11-22T08:00:00+02:00")
    return None


@dataclass
class _Fields:
    """The fields of the front matter as texts and lists of texts, with the line of each.

    Read from the nodes and not through YAML's types, by which a title `No` would be false and `1984` a number.
    """

    head: str
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._nodes: dict[str, yaml.Node] = {}
        root = _compose(self.head)
        if root is None:
            return
        if not isinstance(root, yaml.MappingNode):
            raise BrokenArticle(Problem(2, "the front matter must be lines of the form `name: value`"))
        for key, value in root.value:
            self._take(str(key.value), value, _line(key))

    def required(self, name: str, *, longest: int) -> str:
        found = self.text(name, longest=longest)
        if found is None and isinstance(self._nodes.get(name), yaml.ScalarNode | None):
            self.problems.append(Problem(self.lines.get(name, 1), f"{name} is missing"))
        return found or ""

    def text(self, name: str, *, longest: int) -> str | None:
        """Returns a text as one line; `None` if the field is absent or empty."""
        node = self._nodes.get(name)
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.problem(name, "must be one text")
            return None
        text = _one_line(node)
        if len(text) > longest:
            self.problem(name, f"is longer than {longest} characters")
        return text or None

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns a list of texts; one text alone is a list of one."""
        node = self._nodes.get(name)
        if node is None:
            return ()
        each = node.value if isinstance(node, yaml.SequenceNode) else [node]
        texts = [_one_line(item) if isinstance(item, yaml.ScalarNode) else "" for item in each]
        if not all(texts) or any(len(text) > LONGEST for text in texts):
            self.problem(name, f"must be a list of texts of 1 to {LONGEST} characters")
        return tuple(dict.fromkeys(text for text in texts if text))

    def slug(self, name: str, text: str) -> str:
        """Notes a problem if a text is no slug."""
        if not is_slug(text):
            self.problem(name, f"{text!r} is no slug: use lower-case letters a-z, digits and hyphens")
        return text

    def named(self, name: str, text: str) -> Named:
        """Gives a name its slug; notes a problem if it has none."""
        slug = slug_of(text)
        if not slug:
            self.problem(name, f"{text!r} cannot be spelt as an address: use letters or digits")
        return Named(slug, text)

    def problem(self, name: str, what: str) -> None:
        self.problems.append(Problem(self.lines.get(name, 1), f"{name} {what}"))

    def _take(self, name: str, node: yaml.Node, line: int) -> None:
        if name not in FIELDS:
            self.problems.append(Problem(line, f"{name!r} is no field; there are {', '.join(FIELDS)}"))
        elif name in self.lines:
            self.problems.append(Problem(line, f"{name} stands twice, first in line {self.lines[name]}"))
        else:
            self.lines[name] = line
            if node.tag != "tag:yaml.org,2002:null" and node.value != "":
                self._nodes[name] = node


def _compose(head: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(head, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BrokenArticle(Problem(mark.line + 2 if mark else 2, f"is no YAML: {error.problem}")) from error
    except yaml.reader.ReaderError as error:
        line = head.count("\n", 0, error.position) + 2
        raise BrokenArticle(Problem(line, f"has a character that may not stand here: {error.character!r}")) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BrokenArticle(Problem(2, "is no YAML")) from error
    return node


def _line(node: yaml.Node) -> int:
    # The front matter's first line is the file's second, and YAML counts from 0.
    return int(node.start_mark.line) + 2


def _one_line(node: yaml.ScalarNode) -> str:
    return " ".join(writable(str(node.value)).split())
