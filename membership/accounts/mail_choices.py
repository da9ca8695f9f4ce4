"""Which kinds of news somebody wants by mail: all of them, until they say otherwise, but those one has to ask for.

Takes effect on what waits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account, UnwantedMail, WantedMail
from membership.db import insert_ignore, locked
from membership.mail.letters import Block

Words = Any  # flask_babel's lazy texts are untyped; `str()` says them in the language of the letter or page


@dataclass(frozen=True)
class Told:
    """What there is to tell: the subject if it is told alone, the heading among others."""

    subject: str
    blocks: tuple[Block, ...]


class Write(Protocol):
    """Writes what one piece of news says; `None` if there is nothing to tell any more."""

    def __call__(self, session: Session, payload: Mapping[str, Any], *, base_url: str) -> Told | None: ...


@dataclass(frozen=True)
class Kind:
    """A kind of news: its name for people, what it `says` to whom, and how it is written.

    `is_asked_for`: nobody gets it unasked.
    """

    label: Words
    says: Words
    write: Write
    is_asked_for: bool = False


Kinds = Mapping[str, Kind]


def current_kinds() -> Kinds:
    """Returns the kinds of news that there are, in the order in which pages list them."""
    kinds: Kinds = current_app.extensions["news"]
    return kinds


def unwanted_by(session: Session, account_id: int) -> frozenset[str]:
    """Returns the kinds of news that somebody does not want."""
    return frozenset(session.scalars(select(UnwantedMail.kind).where(UnwantedMail.account_id == account_id)))


def asked_for_by(session: Session, account_id: int) -> frozenset[str]:
    """Returns the kinds of news that somebody has asked for, of those that nobody gets unasked."""
    return frozenset(session.scalars(select(WantedMail.kind).where(WantedMail.account_id == account_id)))


def wanted_by(session: Session, account_id: int, kinds: Kinds) -> frozenset[str]:
    """Returns the kinds of news that somebody gets: what was asked for, and all else that was not stopped."""
    asked_for, unwanted = asked_for_by(session, account_id), unwanted_by(session, account_id)
    return frozenset(name for name in kinds if name not in unwanted) - {
        name for name, kind in kinds.items() if kind.is_asked_for and name not in asked_for
    }


def stop_mail(session: Session, account_id: int, kinds: Iterable[str], *, now: datetime) -> tuple[str, ...]:
    """Sends no news of these kinds any more; returns those that were not stopped until now. May be repeated.

    What waits of them goes when the next letter is due: who takes it back before has missed nothing.
    """
    # Under the account's lock: nothing of these kinds is added, or put into a letter, meanwhile.
    account = locked(session, Account, account_id)
    if account is None or account.erased_at is not None:
        return ()
    values = {"account_id": account_id, "since": now}
    return tuple(kind for kind in kinds if insert_ignore(session, UnwantedMail, kind=kind, **values))


def want_mail(session: Session, account_id: int, kinds: Iterable[str]) -> None:
    """Sends news of these kinds again, from now on. May be repeated."""
    locked(session, Account, account_id)
    unwanted = (UnwantedMail.account_id == account_id, UnwantedMail.kind.in_(list(kinds)))
    session.execute(delete(UnwantedMail).where(*unwanted))


def ask_for_mail(session: Session, account_id: int, kind: str, *, now: datetime) -> None:
    """Sends news of a kind that nobody gets unasked, from now on; `stop_mail` ends it. May be repeated."""
    account = locked(session, Account, account_id)
    if account is None or account.erased_at is not None:
        return
    want_mail(session, account_id, (kind,))
    insert_ignore(session, WantedMail, account_id=account_id, kind=kind, since=now)
