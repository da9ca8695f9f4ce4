"""What need not be kept: an attempt's address once nothing waits for it, its network's hash, the text of old events."""

from datetime import timedelta
from typing import Protocol

from sqlalchemy import select, update

from membership.clock import Clock
from membership.db import Database, transaction
from membership.payments.models import Attempt, StripeEvent
from membership.settings import Settings

KEEP_NETWORK = timedelta(hours=48)
KEEP_ADDRESS = timedelta(hours=24)
# So many at a time, so that nobody waits for long behind it.
BATCH = 1000


class WithRows(Protocol):
    """What of the process's seams it takes to forget."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


class WithSettings(WithRows, Protocol):
    """What it takes to forget what the settings keep for so long."""

    @property
    def settings(self) -> Settings: ...


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


def forget_payloads(seams: WithSettings) -> int:
    """Blanks the text of events that came in too long ago, and that nobody still has to handle; returns how many.

    Their ids, types and times stay, so that a second delivery goes on being known.
    """
    before = seams.clock.now() - timedelta(days=seams.settings.keep_event_payloads_days)
    old = select(StripeEvent.id).where(
        StripeEvent.payload.is_not(None), StripeEvent.state != "waiting", StripeEvent.received_at < before
    )
    blanked = 0
    with seams.database.session() as session:
        while True:
            with transaction(session):
                some = session.scalars(old.limit(BATCH).with_for_update(skip_locked=True)).all()
                session.execute(update(StripeEvent).where(StripeEvent.id.in_(some)).values(payload=None))
            blanked += len(some)
            if len(some) < BATCH:
                return blanked
