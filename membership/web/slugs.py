"""What the last part of an address may look like."""

import re

LONGEST = 100

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


def is_slug(text: str, *, longest: int = LONGEST) -> bool:
    """Says whether a text has the form of a slug: lower-case ASCII letters, digits and single hyphens."""
    return len(text) <= longest and _SLUG.fullmatch(text) is not None
