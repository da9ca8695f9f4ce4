"""Articles to read: 200 Markdown files of about 2,000 words, the same ones on every machine."""

import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from membership.settings import ROOT

COUNT = 200
WORDS = 2000
PICTURE = ROOT / "membership" / "demo" / "pictures" / "bridge.webp"

SYLLABLES = ("ba", "der", "kyi", "lo", "men", "na", "or", "pe", "ri", "sta", "tu", "vin", "міс", "то", "рік")
SECTIONS = ("city-and-river", "public-record", "energy", "courts")
AUTHORS = ("Olena Marchuk", "Ihor Bilozir", "Ada Farrow", "Kateryna Honcharuk", "Jonas Eriksen")


def write(folder: Path) -> tuple[str, ...]:
    """Writes the files and the picture that they show, and returns the slugs."""
    folder.mkdir()
    shutil.copy(PICTURE, folder)
    chance = random.Random("bench")  # noqa: S311 - for filling, not for secrets
    slugs = tuple(f"report-{number:03}" for number in range(COUNT))
    for number, slug in enumerate(slugs):
        text = "\n".join(_front_matter(chance, number, slugs)) + "\n\n" + "\n\n".join(_body(chance))
        (folder / f"{slug}.md").write_text(text + "\n", "utf-8")
    return slugs


def _front_matter(chance: random.Random, number: int, slugs: Sequence[str]) -> Iterator[str]:
    yield "---"
    yield f"title: {_sentence(chance, 7)}"
    yield f"standfirst: {_sentence(chance, 24)}"
    yield f"authors: [{', '.join(chance.sample(AUTHORS, 2))}]"
    yield f"section: {chance.choice(SECTIONS)}"
    yield "tags: [reportage, work]"
    yield f"published: 2026-{1 + number % 9:02}-{1 + number % 28:02}T06:45:00+02:00"
    yield f"picture: {PICTURE.name}"
    yield "picture_alt: Drawing of a long bridge over a river."
    yield f"related: [{', '.join(chance.sample(slugs, 2))}]"
    yield "---"


def _body(chance: random.Random) -> Iterator[str]:
    written = 0
    while written < WORDS:
        if written and chance.random() < 0.15:
            paragraph = f"## {_sentence(chance, 5)}"
        elif chance.random() < 0.1:
            paragraph = f"> {_sentence(chance, 18)}"
        else:
            parts = _sentence(chance, 15), _sentence(chance, 3), _sentence(chance, 4), _sentence(chance, 50)
            paragraph = "{} [{}](https://example.org/) *{}* {}".format(*parts)
        written += len(paragraph.split())
        yield paragraph


def _sentence(chance: random.Random, words: int) -> str:
    text = " ".join("".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(words))
    return f"{text.capitalize()}."
