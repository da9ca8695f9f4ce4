"""How long what tells of people is kept: the form of the one table that the nights apply and a public page prints."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from membership.accounts.models import AddressChange, SignInSession
from membership.clock import Clock
from membership.db import Database, transaction
from membership.settings import Settings


class Keeping(Protocol):
    """What of the process's seams it takes to forget by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def settings(self) -> Settings: ...


Apply = Callable[[Keeping, timedelta], object]


@dataclass(frozen=True)
class Period:
    """One line of the table. `says` is what is kept, `why` what for; `until` says how long where no clock decides.

    `after` is how long it is kept; `apply` forgets what is older than that.
    """

    name: str
    says: Any
    why: Any
    after: timedelta | Callable[[Settings], timedelta] | None = None
    until: Any = ""
    apply: Apply | None = None

    def length(self, settings: Settings) -> timedelta | None:
        """Returns how long it is kept; `None`: until something happens."""
        return self.after(settings) if callable(self.after) else self.after


def apply_periods(seams: Keeping, periods: Iterable[Period]) -> None:
    """Forgets everything whose time is over, line by line."""
    for period in periods:
        length = period.length(seams.settings)
        if period.apply is not None and length is not None:
            period.apply(seams, length)


def in_rows(forget: Callable[..., object]) -> Apply:
    """Makes the act of a line from a verb `forget(session, before=, now=)`, in a transaction of its own."""

    def apply(seams: Keeping, length: timedelta) -> None:
        now = seams.clock.now()
        with seams.database.session() as session, transaction(session):
            forget(session, before=now - length, now=now)

    return apply


def forget_sessions(session: Session, *, before: datetime, now: datetime) -> None:
    """Deletes browsers that have been signed out, or were last seen, before a moment."""
    over = or_(SignInSession.ended_at < before, SignInSession.expires_at < before)
    session.execute(delete(SignInSession).where(over))


def forget_address_changes(session: Session, *, before: datetime, now: datetime) -> None:
    """Deletes wishes for another address that are older than a moment, done or not."""
    session.execute(delete(AddressChange).where(AddressChange.created_at < before))
