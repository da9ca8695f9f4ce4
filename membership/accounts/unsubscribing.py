"""Links that stop letters, for people and for mail programs (RFC 8058): signed, without a session, without an end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.links import EVER
from membership.accounts.mail_choices import Kinds
from membership.accounts.models import Account
from membership.errors import Dead, NotFound
from membership.web.signing import BadSignature, sign, unsign

PURPOSE = "unsubscribe"
UNDO = "unsubscribe undo"
UNDO_LIFE = timedelta(hours=1)
_BETWEEN = "+"


@dataclass(frozen=True)
class Unsubscribing:
    """Whose letters a link stops, and of which kinds."""

    account: Account
    kinds: tuple[str, ...]


def unsubscribe_path(account: Account, kinds: Iterable[str], *, now: datetime) -> str:
    """Returns the path that stops letters of these kinds to this account.

    It outlives a change of address: whoever has an old letter may always stop what it was about.
    """
    return f"/mail/unsubscribe/{_signed(PURPOSE, account, kinds, now=now)}"


def open_unsubscribe(session: Session, token: str, kinds: Kinds, *, now: datetime) -> Unsubscribing:
    """Returns what a link is about; raises `NotFound` for what we never wrote, and `Dead` if nobody is written to."""
    try:
        reference, _, named = unsign(PURPOSE, token, life=EVER, now=now).partition(" ")
    except BadSignature as error:
        raise NotFound("There is no such link. Perhaps it was cut in the mail: copy it whole.") from error
    account = session.scalar(select(Account).where(Account.reference == reference))
    if account is None or account.erased_at is not None:
        raise Dead("This account was erased. Nothing is written to it any more.")
    return Unsubscribing(account, tuple(kind for kind in named.split(_BETWEEN) if kind in kinds))


def undo_of(account: Account, kinds: Iterable[str], *, now: datetime) -> str:
    """Returns what has just these letters come again, for an hour, for whoever has just stopped them.

    The link itself cannot: who was only shown a letter, or took over its mailbox, must not have others come.
    """
    return _signed(UNDO, account, kinds, now=now)


def open_undo(opened: Unsubscribing, token: str, *, now: datetime) -> tuple[str, ...]:
    """Returns the kinds that are to come again; raises `Dead` if it is too late, or not of the opened link."""
    try:
        reference, _, named = unsign(UNDO, token, life=UNDO_LIFE, now=now).partition(" ")
    except BadSignature:
        reference = named = ""
    if reference != opened.account.reference:
        raise Dead("This button works for an hour only. Choose in your account which letters you get.")
    return tuple(kind for kind in named.split(_BETWEEN) if kind in opened.kinds)


def _signed(purpose: str, account: Account, kinds: Iterable[str], *, now: datetime) -> str:
    return sign(purpose, f"{account.reference} {_BETWEEN.join(kinds)}", now=now)
