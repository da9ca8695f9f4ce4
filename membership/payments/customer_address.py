"""Stripe's customer gets the address that its payer has here, so that whatever Stripe writes goes there too."""

from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.outbox.rows import Task, put_off
from membership.payments.erased import WithDatabase, WithGateway
from membership.payments.gateway import GoneAtStripe, NotLetIn, StripeRefused
from membership.payments.models import Payer

log = structlog.get_logger()


class WithBoth(WithDatabase, WithGateway, Protocol):
    """What of the process's seams it takes to tell Stripe an address."""


def tell_stripe(session: Session, payer: Payer, *, now: datetime) -> None:
    """Lets a worker tell Stripe the address of a payer, as it is when the worker comes to it."""
    if payer.stripe_customer is not None and payer.erased_at is None:
        put_off(session, "customer_address", payer.reference, {"payer": payer.reference}, due_at=now, now=now)


def tell_stripe_of_account(session: Session, account: Account, was: str, *, now: datetime) -> None:
    """Lets Stripe be told the new address of an account whose payers have followed it."""
    theirs = (Payer.account_id == account.id) & (Payer.email_key == account.email_key)
    for payer in session.scalars(select(Payer).where(theirs, Payer.stripe_customer.is_not(None)).order_by(Payer.id)):
        tell_stripe(session, payer, now=now)


def change_customer_address(seams: WithBoth, task: Task) -> None:
    """Carries out the task `customer_address`; a customer who is gone, or an address that Stripe refuses, is left."""
    with seams.database.session() as session:
        payer = session.scalar(select(Payer).where(Payer.reference == task.payload["payer"]))
    if payer is None or payer.stripe_customer is None or payer.email is None:
        return
    try:
        seams.gateway.change_customer_email(payer.stripe_customer, payer.email)
    except NotLetIn:
        raise
    except GoneAtStripe:
        return
    except StripeRefused:
        # Stripe takes fewer addresses than there are: asking again would change nothing.
        log.warning("customer_address.refused", payer=payer.reference)
