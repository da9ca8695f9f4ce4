"""Reads what people type into the forms of topics and rounds: one line, or a few paragraphs."""

import unicodedata

from membership.errors import Refusal


def line(text: str, field: str, *, longest: int) -> str:
    """Returns the text as one line without surrounding or doubled blanks.

    Raises `Refusal` about `field` if it is empty or has more than `longest` characters.
    """
    return _measured(" ".join(_plain(text).split()), field, longest)


def paragraphs(text: str, field: str, *, longest: int, required: bool = True) -> str:
    """Returns the text with its line breaks, otherwise as `line`; it may be empty if it is not `required`."""
    lines = (each.strip() for each in _plain(text).split("\n"))
    written = "\n".join(lines).strip()
    return _measured(written, field, longest) if required or _says_something(written) else ""


def _measured(text: str, field: str, longest: int) -> str:
    if not _says_something(text):
        raise Refusal("Write something here; it is empty.", field=field)
    if len(text) > longest:
        raise Refusal(
            "That is %(length)s characters long. %(longest)s fit.", field=field, length=len(text), longest=longest
        )
    return text


# Letters and signs by their kind that show nothing: fillers of Hangul, and a Braille cell without a dot.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def _says_something(text: str) -> bool:
    # A title of joiners and fillers alone would be a link that nobody can see.
    return any(unicodedata.category(each)[0] in "LNPS" and each not in _BLANK for each in text)


# What turns the direction of all that follows: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_TURNING = frozenset(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def _plain(text: str) -> str:
    # Control characters say nothing to a reader, and PostgreSQL takes no NUL.
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (" " if each == "\t" else each for each in normal if each in "\n\t" or unicodedata.category(each) != "Cc")
    return "".join(each for each in kept if each not in _TURNING and not _is_no_character(each))


def _is_no_character(each: str) -> bool:
    # Halves of pairs, and what Unicode keeps free for ever: no XML parser reads a feed in which some of them stand.
    code = ord(each)
    return unicodedata.category(each) == "Cs" or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
