"""The addresses of articles, sections, tags and authors: what one may look like, and how one is made from a name."""

from slugify import slugify

from membership.web.slugs import LONGEST

# They stand, or will stand, for pages of our own beneath /articles/, /sections/ and /tags/.
RESERVED = frozenset(("appeal", "archive", "drafts", "edit", "feed", "media", "new", "page", "search", "years"))


def slug_of(name: str) -> str:
    """Spells a name in any script as a slug; empty if nothing in it can be spelt."""
    slug: str = slugify(name, max_length=LONGEST, word_boundary=True)
    return f"{slug}-1" if slug in RESERVED else slug
