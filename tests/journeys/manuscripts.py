"""A folder of articles that nobody has seen before: random titles, Cyrillic, quotes, a very long one, a broken one."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw

LONG_WORDS, USUAL_WORDS = 40_000, 2_000
SYLLABLES = {
    "Latin": ("ba", "der", "kyi", "lo", "men", "na", "or", "pe", "ri", "sta", "tu", "vin", "é", "ß"),
    "Cyrillic": ("мі", "сто", "рі", "ка", "ни", "зо", "ї", "ґа", "щу", "ля", "во", "дє"),
}
# One of them is new to the demo.
SECTIONS = ("City and river", "Public record", "Courts & hearings")
# What a title may have that a page, an address or a query could stumble over.
AWKWARD = ('"Who says so?" & <who else>', "“Тиша” і 'гучність'", "100 % of nothing: #1", "It's {coffee} or %(title)s")


@dataclass(frozen=True)
class Manuscript:
    """One article as it was written, to be compared with the page that it becomes."""

    slug: str
    title: str
    standfirst: str
    authors: tuple[str, ...]
    section: str
    published_at: datetime
    picture_alt: str
    related: tuple[str, ...]
    body: str

    @property
    def last_sentence(self) -> str:
        return self.body.split("\n\n")[-1]


@dataclass(frozen=True)
class Shelf:
    """What was written: the articles, newest first, and the broken file with the line that is wrong."""

    folder: Path
    articles: tuple[Manuscript, ...]
    broken: Path
    broken_line: int

    @property
    def long(self) -> Manuscript:
        return next(each for each in self.articles if each.slug.startswith("long-"))


def write(folder: Path, chance: random.Random, *, now: datetime) -> Shelf:
    """Writes seven files, six of them articles, with one picture."""
    folder.mkdir()
    _draw(folder / "picture.png", chance)
    titles = [*AWKWARD, _sentence(chance, 6, "Cyrillic"), _sentence(chance, 7)]
    chance.shuffle(titles)
    mark = f"{chance.randrange(16**6):06x}"
    slugs = [f"long-{mark}" if place == 5 else f"report-{mark}-{place}" for place in range(len(titles))]
    articles = tuple(_manuscript(chance, slugs, place, title, now=now) for place, title in enumerate(titles))
    for article in articles:
        (folder / f"{article.slug}.md").write_text(_file(article), "utf-8")
    broken = folder / f"broken-{mark}.md"
    broken.write_text(f"---\ntitle: {_sentence(chance, 4)}\npublished: some day\n---\n\nText.\n", "utf-8")
    return Shelf(folder, articles, broken, broken_line=3)


def _manuscript(chance: random.Random, slugs: list[str], place: int, title: str, *, now: datetime) -> Manuscript:
    slug = slugs[place]
    return Manuscript(
        slug=slug,
        title=title,
        standfirst=_sentence(chance, 20, chance.choice(tuple(SYLLABLES))),
        authors=(_sentence(chance, 2).title().strip("."), _sentence(chance, 2, "Cyrillic").title().strip(".")),
        section=chance.choice(SECTIONS),
        published_at=(now - timedelta(minutes=1 + place)).replace(microsecond=0),
        picture_alt=f"Drawing: {_sentence(chance, 5)}",
        related=tuple(each for each in chance.sample(slugs, 3) if each != slug)[:2],
        body=_body(chance, LONG_WORDS if slug.startswith("long-") else USUAL_WORDS),
    )


def _file(article: Manuscript) -> str:
    return "\n".join(
        (
            "---",
            f"title: {_quoted(article.title)}",
            f"standfirst: {_quoted(article.standfirst)}",
            f"authors: [{', '.join(map(_quoted, article.authors))}]",
            f"section: {_quoted(article.section)}",
            f"published: {article.published_at.isoformat()}",
            "picture: picture.png",
            f"picture_alt: {_quoted(article.picture_alt)}",
            f"related: [{', '.join(article.related)}]",
            "---",
            "",
            article.body,
            "",
        )
    )


def _quoted(text: str) -> str:
    """Writes a text as YAML takes it, whatever stands in it."""
    return "'" + text.replace("'", "''") + "'"


def _body(chance: random.Random, words: int) -> str:
    paragraphs: list[str] = []
    written = 0
    while written < words:
        length = min(chance.randint(40, 120), words - written)
        paragraphs.append(_sentence(chance, length, chance.choice(tuple(SYLLABLES))))
        written += length
    return "\n\n".join(paragraphs)


def _sentence(chance: random.Random, words: int, script: str = "Latin") -> str:
    text = " ".join("".join(chance.choices(SYLLABLES[script], k=chance.randint(2, 4))) for _ in range(words))
    return f"{text[0].upper()}{text[1:]}."


def _draw(path: Path, chance: random.Random) -> None:
    picture = Image.new("RGB", (960, 540), (24, 60, 78))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        left, top = chance.randrange(900), chance.randrange(500)
        pen.rectangle(
            (left, top, left + chance.randrange(20, 200), top + chance.randrange(20, 120)), fill=(214, 168, 92)
        )
    picture.save(path)
