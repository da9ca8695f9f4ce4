"""What attempts need not keep: the address once nothing waits for it, the network's hash after two days."""

from datetime import timedelta
from typing import Protocol

from sqlalchemy import update

from membership.clock import Clock
from membership.db import Database, transaction
from membership.payments.models import Attempt

KEEP_NETWORK = timedelta(hours=48)
KEEP_ADDRESS = timedelta(hours=24)


class WithRows(Protocol):
    """What of the process's seams it takes to forget."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def forget_traces(seams: WithRows) -> None:
    """Blanks the network's hash of attempts after 48 hours, and the address of those that came to nothing after 24.

    An attempt on its way (a bank debit) keeps its address until the money has come.
    """
    now = seams.clock.now()
    with seams.database.session() as session, transaction(session):
        session.execute(
            update(Attempt)
            .where(Attempt.network_key.is_not(None), Attempt.created_at < now - KEEP_NETWORK)
            .values(network_key=None)
        )
        session.execute(
            update(Attempt)
            .where(Attempt.email.is_not(None), Attempt.state != "pending", Attempt.created_at < now - KEEP_ADDRESS)
            .values(email=None, email_key=None)
        )
