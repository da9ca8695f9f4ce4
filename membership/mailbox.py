"""A name and an address, kept apart: a name may hold every sign that means something in a header."""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

# RFC 5321, 4.5.3.1.3, as corrected by erratum 1690: a path of 256 with its angle brackets.
LONGEST_ADDRESS = 254


@dataclass(frozen=True)
class Mailbox:
    """Where mail goes or comes from; `name` may be empty."""

    name: str
    address: str


def mailbox_of(text: str) -> Mailbox:
    """Reads `Name <address>`, with or without quotes around the name, or an address alone; checks neither."""
    name, opening, rest = text.strip().rpartition("<")
    if not opening:
        return Mailbox("", rest)
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"')
    return Mailbox(name, rest.removesuffix(">").strip())


def is_address(text: str) -> bool:
    """Says whether mail can be sent to an address, by the rules by which people's addresses are taken."""
    if not text.isprintable() or len(text) > LONGEST_ADDRESS or not text.rpartition("@")[0].isascii():
        return False
    try:
        validate_email(
            unicodedata.normalize("NFC", text), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return False
    return True
