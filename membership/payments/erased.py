"""What meets an event that comes late, after the person whom it tells of was erased: nobody is brought back.

Stripe's customer is then known by a hash alone, which finds the empty payer and tells nothing else.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import Database, transaction
from membership.outbox.rows import Task, enqueue, put_off
from membership.payments.gateway import Gateway, GoneAtStripe
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import Attempt, Payer, StripeEvent
from membership.web.signing import hashed

# Stripe tells what follows from an act within seconds.
EVENTS_COME_WITHIN = timedelta(minutes=1)
CUSTOMER = "cus_"
NOT_IN_THE_SESSION = {"synchronize_session": False}


class WithGateway(Protocol):
    """What of the process's seams it takes to erase somebody at Stripe."""

    @property
    def gateway(self) -> Gateway: ...


class WithDatabase(Protocol):
    """What of the process's seams it takes to forget what Stripe told."""

    @property
    def database(self) -> Database: ...


def erased_customer(customer: str) -> str:
    """Returns what stands in place of Stripe's customer once its payer is erased."""
    return f"erased {hashed(customer)}"


def erased_payer(session: Session, attempt: Attempt | None, customer: str | None, *, now: datetime) -> Payer | None:
    """Returns the empty payer of somebody who was erased, made if there is none; `None`: this is somebody else.

    Known by Stripe's customer, or by the attempt, which erasing tied to the account.
    """
    if customer is not None:
        known = session.scalar(select(Payer).where(Payer.stripe_customer == erased_customer(customer)))
        if known is not None:
            return known
    if attempt is None or not is_of_erased(session, attempt.account_id):
        return None
    payer = Payer(reference=str(uuid4()), account_id=attempt.account_id, created_at=now, erased_at=now)
    if customer is not None:
        payer.stripe_customer = erased_customer(customer)
        erase_at_stripe(session, customer, now=now)
    session.add(payer)
    session.flush()
    return payer


def is_of_erased(session: Session, account_id: int | None) -> bool:
    """Says whether this is the account of somebody who was erased."""
    account = session.get(Account, account_id) if account_id is not None else None
    return account is not None and account.erased_at is not None


def erase_at_stripe(session: Session, customer: str, *, now: datetime) -> None:
    """Lets a worker delete a customer at Stripe, and what Stripe told of it here."""
    enqueue(session, "erase_customer", erased_customer(customer), {"customer": customer}, now=now)


def erase_customer(seams: WithGateway, task: Task) -> None:
    """Carries out the task `erase_customer`; a customer who is gone already is left alone."""
    try:
        seams.gateway.delete_customer(task.payload["customer"])
    except GoneAtStripe:
        return


def forget_told(session: Session, ids: Iterable[str], *, now: datetime) -> None:
    """Blanks the text of events in which one of these ids of Stripe's or ours stands, and of those that come soon."""
    wanted = [each for each in ids if each]
    blank_told(session, wanted)
    for each in wanted:
        put_off(session, "forget_events", hashed(each), {"id": each}, due_at=now + EVENTS_COME_WITHIN, now=now)


def blank_told(session: Session, texts: Iterable[str]) -> None:
    """Blanks the text of events in which one of these texts stands; their ids, types and times stay.

    A customer's own id goes with it: it says who somebody is, as a payment's does not.
    """
    wanted = [text for text in texts if text]
    if not wanted:
        return
    told = or_(*(StripeEvent.payload.contains(text, autoescape=True) for text in wanted))
    customers = [text for text in wanted if text.startswith(CUSTOMER)]
    for which, blank in (
        (told & StripeEvent.payload.is_not(None), {"payload": None}),
        (StripeEvent.object_id.in_(customers), {"object_id": None}),
    ):
        session.execute(update(StripeEvent).where(which).values(blank), execution_options=NOT_IN_THE_SESSION)


def forget_events(seams: WithDatabase, task: Task) -> None:
    """Carries out the task `forget_events`."""
    with seams.database.session() as session, transaction(session):
        blank_told(session, [task.payload["id"]])


def forget_customer(mirror: Mirror, customer: str, _cause: Cause) -> None:
    """Heard that a customer is no more at Stripe: what was told of them is forgotten here too."""
    with mirror.database.session() as session, transaction(session):
        forget_told(session, [customer], now=mirror.clock.now())
