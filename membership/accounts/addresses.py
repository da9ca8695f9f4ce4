"""E-mail addresses: what we take as one, which of them are the same person, and how one is shown to others."""

import unicodedata

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from membership.errors import Refusal

# RFC 5321, 4.5.3.1.3, as corrected by erratum 1690: a path of 256 with its angle brackets.
LONGEST = 254


def clean_email(text: str) -> str:
    """Returns the address as typed, trimmed and in NFC; raises a `Refusal` of field `email` if it is none."""
    return _checked(text).original


def email_key(text: str) -> str:
    """Returns what is equal for all spellings of one address: lower case, the domain in ASCII (IDNA).

    Dots and plus signs are kept: they make other people at many providers. Raises as `clean_email` does.
    """
    checked = _checked(text)
    return f"{checked.local_part.lower()}@{checked.ascii_domain}"


def masked(email: str) -> str:
    """Shows an address to whoever need not know it: `o…a@example.org`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…{local[-1] if len(local) > 2 else ''}@{domain}"


def _checked(text: str) -> ValidatedEmail:
    email = unicodedata.normalize("NFC", text.strip())
    if not email:
        raise Refusal("Write your e-mail address.", field="email")
    if len(email) > LONGEST:
        raise Refusal("An e-mail address has %(longest)s characters at most.", field="email", longest=LONGEST)
    _refuse_letters_that_mail_cannot_carry(email)
    try:
        checked = validate_email(email, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise Refusal(
            "“%(text)s” is not an e-mail address. Write it like name@example.org.", field="email", text=email[:60]
        ) from error
    return checked


def _refuse_letters_that_mail_cannot_carry(email: str) -> None:
    strange = next((letter for letter in email.rpartition("@")[0] if not letter.isascii()), None)
    if strange is not None:
        raise Refusal(
            "Before the @ stands “%(letter)s”, which is no Latin letter. Please type the address again.",
            field="email",
            letter=strange,
        )
