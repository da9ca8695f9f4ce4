"""Where to go after signing in: a path of this site, and never another's."""

import unicodedata
from urllib.parse import urlsplit

LONGEST = 500


def safe_next(text: str) -> str:
    """Returns `text` if it is a path on this site, with its query if any; else the empty text.

    Browsers read a backslash as `/`, and `//host` as another site: https://cwe.mitre.org/data/definitions/601.html
    """
    if not text.startswith("/") or text.startswith("//") or "\\" in text or len(text) > LONGEST:
        return ""
    if any(unicodedata.category(letter)[0] in "CZ" for letter in text):
        return ""
    return "" if "//" in urlsplit(text).path else text
