"""The addresses of articles, sections, tags and authors: what one may look like, and how one is made from a name."""

import re

from slugify import slugify

LONGEST = 100

# They stand, or will stand, for pages of our own beneath /articles/, /sections/ and /tags/.
RESERVED = frozenset(("appeal", "archive", "drafts", "edit", "feed", "media", "new", "page", "search", "years"))

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


def is_slug(text: str) -> bool:
    """Says whether a text has the form of an address: lower-case ASCII letters, digits and single hyphens."""
    return len(text) <= LONGEST and _SLUG.fullmatch(text) is not None


def slug_of(name: str) -> str:
    """Spells a name in any script as a slug; empty if nothing in it can be spelt."""
    slug: str = slugify(name, max_length=LONGEST, word_boundary=True)
    return f"{slug}-1" if slug in RESERVED else slug
