"""Takes keys, addresses and values of rows out of a text, before anybody keeps it."""

import re

_SECRETS = re.compile(r"\b(sk|rk|whsec)_[A-Za-z0-9_+/=-]{4,}")
# PostgreSQL tells the values of a row that it refused, and a value may have several lines.
_DETAILS = re.compile(r"DETAIL: .*?(?=\n\[SQL: |\n\n(?:The above exception|During handling)|\Z)", re.DOTALL)
# Rather too much than too little: all of RFC 5322 before the @, and whatever hangs on to the domain. Of an address
# with user and password nothing stays but its scheme. Bounds and possessive marks keep long lines from being slow.
_ADDRESSES = re.compile(
    r"""(?:(?<=://)[^\s@]{1,512}
        |"(?:[^"\\\n]|\\.){1,128}"
        |"[^"\n]{1,128}"
        |(?<![^\s<>()\[\],;:"@])[^\s<>()\[\],;:"@]++)
        @(?:\[[^\]\s]*\]|[^\s<>(),;:"]+)""",
    re.VERBOSE,
)


def masked(text: str) -> str:
    """Returns a text without what must not be read in a log: `sk_…`, `…@…`, `DETAIL: …`."""
    # Most texts hold none of the signs, and the patterns are dear on every request.
    if "DETAIL: " in text:
        text = _DETAILS.sub("DETAIL: …", text)
    if "_" in text:
        text = _SECRETS.sub(r"\1_…", text)
    return _ADDRESSES.sub("…@…", text) if "@" in text else text
