"""Signed links in letters: they open one thing for whoever has the letter, act by a button only, and die in time.

A token is over the purpose, the reference of the thing, and the account's `link_version` where there is an account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.errors import Dead, NotFound
from membership.web.signing import BadSignature, sign, unsign

# Older than any link: to tell one that is too old from one that we never wrote.
EVER = timedelta(days=36_500)


@dataclass(frozen=True)
class Opened:
    """What a link that holds is about: the thing's `reference`, and whose it is (`None`: nobody's with an account)."""

    reference: str
    account: Account | None


class Show(Protocol):
    """Renders the page of a link, without changing anything; its button posts to `action`. May raise `Refusal`s."""

    def __call__(self, session: Session, opened: Opened, *, action: str, now: datetime) -> str: ...


class Act(Protocol):
    """Does what the button asks, in transactions of its own. Returns where to go on; `None`: back to the link's page.

    It may be called twice, and must then do nothing more. May raise `Refusal`s.
    """

    def __call__(self, session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> str | None: ...


@dataclass(frozen=True)
class Purpose:
    """What links of one kind are for: how long they live, what they show, and what their button does, if any."""

    life: timedelta
    show: Show
    act: Act | None = None


def link_path(purpose: str, reference: str, account: Account | None, *, now: datetime) -> str:
    """Returns the path of a new link. `reference` is a uuid of ours; `account` whose link it is, if anybody's."""
    whose = f"{account.reference} {account.link_version}" if account else ""
    return f"/links/{purpose}/{sign(_signed_for(purpose), f'{reference} {whose}', now=now)}"


def open_link(session: Session, name: str, token: str, *, now: datetime) -> tuple[Purpose, Opened]:
    """Returns a link's purpose and what it is about.

    Raises `NotFound` for what we never wrote (altered, or of another purpose), and `Dead` for what is over.
    """
    purposes: Mapping[str, Purpose] = current_app.extensions["links"]
    purpose = purposes.get(name)
    if purpose is None:
        raise NotFound("There is no such link. Perhaps it was cut in the mail: copy it whole.")
    reference, _, whose = _value(name, token, purpose.life, now=now).partition(" ")
    return purpose, Opened(reference, _account(session, whose) if whose else None)


def _value(name: str, token: str, life: timedelta, *, now: datetime) -> str:
    try:
        unsign(_signed_for(name), token, life=EVER, now=now)
    except BadSignature as error:
        raise NotFound("There is no such link. Perhaps it was cut in the mail: copy it whole.") from error
    try:
        return unsign(_signed_for(name), token, life=life, now=now)
    except BadSignature as error:
        raise Dead("Links in letters live for a while only, so that a lost letter opens nothing.") from error


def _account(session: Session, whose: str) -> Account:
    reference, _, version = whose.partition(" ")
    account = session.scalar(select(Account).where(Account.reference == reference))
    if account is None or account.erased_at is not None or str(account.link_version) != version:
        raise Dead("This link was made for an address that is not in use any more.")
    return account


def _signed_for(purpose: str) -> str:
    return f"link {purpose}"
