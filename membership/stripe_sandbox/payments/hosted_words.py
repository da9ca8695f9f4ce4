"""The words of the hosted pages, in the language of a session's `locale`; the table of them lies in `pages/words.tsv`.

Stripe knows some forty locales (https://docs.stripe.com/api/checkout/sessions/create, `locale`); what this table does
not have is answered in English. Ukrainian is none of Stripe's: only a browser can ask for it.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import request

from membership.stripe_sandbox.protocol.shapes import Json

LANGUAGES = ("en", "de", "fr", "uk")
TABLE = Path(__file__).parents[1] / "pages" / "words.tsv"
DATES = {"en": "%-d %B %Y", "de": "%d.%m.%Y", "fr": "%d/%m/%Y", "uk": "%d.%m.%Y"}


def read_words() -> dict[str, dict[str, str]]:
    """Returns the table: the English words, and the same in each language."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        rows = list(csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return {row[0]: dict(zip(LANGUAGES, row, strict=True)) for row in rows}


WORDS = read_words()


@dataclass(frozen=True)
class Voice:
    """Says the pages' English words in a language; what the table does not have stays as it is."""

    language: str

    def __call__(self, words: str, **values: object) -> str:
        """Returns the words with the values put in."""
        said = WORDS[words][self.language] if words in WORDS else words
        return said.format(**values) if values else said

    def rhythm(self, price: Json) -> str:
        """Returns how often a price is charged, or nothing for one that is charged once."""
        recurring: Json | None = price["recurring"]
        if recurring is None:
            return ""
        count, interval = recurring["interval_count"], recurring["interval"]
        return self(f"every {interval}") if count == 1 else self(f"every {{count}} {interval}s", count=count)

    def date(self, moment: int) -> str:
        """Returns a moment as a date, like 28 February 2026."""
        return datetime.fromtimestamp(moment, UTC).strftime(DATES[self.language])


ENGLISH = Voice("en")


def voice_of(session: Json) -> Voice:
    """Returns the voice for a session's locale; without one, and for `auto`, that of the browser, as at Stripe."""
    locale: str = session["locale"] or "auto"
    asked = list(request.accept_languages.values()) if locale == "auto" else [locale]
    languages = [each.partition("-")[0].lower() for each in asked]
    return Voice(next((each for each in languages if each in LANGUAGES), "en"))
