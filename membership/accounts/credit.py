"""How somebody is named under articles that they had a part in: by name, by initials, or, unless they chose, not."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership.accounts.models import CREDITS, Account, Credit
from membership.db import locked
from membership.errors import Dead, Refusal
from membership.newsroom.site_version import bump

ANONYMOUS: Final = "anonymous"
WAYS: Final = (*CREDITS, ANONYMOUS)
LONGEST_NAME: Final = 60
# What is written as a letter, but for what only changes how the next one sounds (the sign before "Iolani").
_LETTERS = ("Lu", "Ll", "Lt", "Lo")
_MARK = "M"
# As many as any script puts on one letter; a tower of them would cover the lines around it.
_MOST_MARKS = 4
# The combining class of what ties a letter to the next one, which initials leave out.
_TIE = 9
_BREAKS = ("Cc", "Zl", "Zp")
_UNSEEN = ("Cf", "Cs", "Co", "Cn")
# Letters to Unicode, and nothing to see.
_BLANKS = "\u115f\u1160\u3164\uffa0"
# Some scripts cannot be written without them.
_JOINERS = "\u200c\u200d"


def credit_of(session: Session, account_id: int) -> Credit | None:
    """Returns how somebody chose to be named; `None`: not at all."""
    return session.get(Credit, account_id, populate_existing=True)


def choose_credit(session: Session, account_id: int, shown: str, name: str, *, now: datetime) -> None:
    """Keeps how somebody wants to be named, from now on.

    Raises a `Refusal` of field `shown` or `name`, and `Dead` if the account was erased meanwhile.
    """
    if shown not in WAYS:
        raise Refusal("Choose one of the three ways.", field="shown")
    cleaned = None if shown == ANONYMOUS else cleaned_name(name)
    account = locked(session, Account, account_id)
    if account is None or account.erased_at is not None:
        raise Dead("This account was erased. Nothing is kept for it any more.")
    known, is_other = session.get(Credit, account_id, populate_existing=True), False
    if known is not None and (cleaned is None or (known.shown, known.name) != (shown, cleaned)):
        session.delete(known)
        session.flush()
        known = None
        is_other = True
    if cleaned is not None and known is None:
        session.add(Credit(account_id=account_id, shown=shown, name=cleaned, chosen_at=now))
        is_other = True
    session.flush()
    # Articles name people, on pages that are kept until the site's version changes.
    if is_other:
        bump(session)


def cleaned_name(name: str) -> str:
    """Returns a name as it may be printed, one line; raises a `Refusal` of field `name`."""
    cleaned = " ".join(_printable(unicodedata.normalize("NFC", name)).split())
    if len(cleaned) > LONGEST_NAME:
        raise Refusal("A name has %(longest)s characters at most.", field="name", longest=LONGEST_NAME)
    if not initials(cleaned):
        raise Refusal("Write the name by which you want to be named.", field="name")
    return cleaned


def as_printed(shown: str, name: str) -> str:
    """Returns what stands under an article for a name that is shown in one of these ways; anonymous: nothing."""
    return {"name": name, "initials": initials(name)}.get(shown, "")


def credited(session: Session, account_ids: Iterable[int] | Select[Any]) -> Mapping[int, str]:
    """Returns what stands under an article for those of these accounts, or of a query, who wish to be named."""
    among = account_ids if isinstance(account_ids, Select) else list(account_ids)
    chosen = select(Credit.account_id, Credit.shown, Credit.name).where(Credit.account_id.in_(among))
    rows = session.execute(chosen.order_by(Credit.account_id))
    return {row.account_id: as_printed(row.shown, row.name) for row in rows}


def initials(name: str) -> str:
    """Returns the first letter of each part of a name, with a point: `O. K.`."""
    return " ".join(f"{letter}." for letter in map(_first_letter, name.split()) if letter)


def _first_letter(word: str) -> str:
    for at, each in enumerate(word):
        if _is_letter(each):
            # What is written above or below a letter belongs to it.
            marks = takewhile(_is_mark, word[at + 1 :])
            return _capital(each) + "".join(mark for mark in marks if unicodedata.combining(mark) != _TIE)
    return ""


def _capital(letter: str) -> str:
    # As names begin with it, not `upper`: Georgian has capitals for headlines alone, and some letters become two.
    return next(filter(_is_letter, letter.title()), letter)


def _printable(name: str) -> str:
    # Neither control characters nor what turns the direction of the names around it.
    printed, marks = "", 0
    for each in name:
        marks = marks + 1 if _is_mark(each) else 0
        if marks <= _MOST_MARKS and not _is_hidden(each):
            printed += " " if unicodedata.category(each) in _BREAKS else each
    return printed


def _is_letter(character: str) -> bool:
    return unicodedata.category(character) in _LETTERS


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith(_MARK)


def _is_hidden(character: str) -> bool:
    return character in _BLANKS or (unicodedata.category(character) in _UNSEEN and character not in _JOINERS)
