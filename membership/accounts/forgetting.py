"""What comes round by the clock: old requests to sign in are forgotten."""

from typing import Protocol

from membership.accounts.sign_in import forget_old
from membership.clock import Clock
from membership.db import Database, transaction


class Keeping(Protocol):
    """What of the process's seams it takes to write by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def forget_requests(keeping: Keeping) -> None:
    """Deletes requests to sign in that are older than two days."""
    with keeping.database.session() as session, transaction(session):
        forget_old(session, now=keeping.clock.now())
