"""Payers: whom a payment belongs to, found by what Stripe cannot mistake before what was typed."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.accounts.addresses import email_key
from membership.accounts.models import Account
from membership.db import insert_ignore, take_turn
from membership.errors import Refusal
from membership.payments.erased import erased_payer
from membership.payments.models import Attempt, Payer


def payer_for(
    session: Session,
    attempt: Attempt | None,
    *,
    customer: str | None,
    email: str | None,
    name: str | None,
    now: datetime,
) -> Payer:
    """Finds or makes the payer of a payment: by Stripe's customer, by the attempt's account, then by the address.

    The address the attempt was made with goes before the one typed at Stripe. Of somebody who was erased it is the
    payer that is empty, and stays so.
    """
    erased = erased_payer(session, attempt, customer, now=now)
    if erased is not None:
        return erased
    account_id = attempt.account_id if attempt else None
    email = (attempt.email if attempt else None) or email
    key = _key(email)
    values = {"account_id": account_id, "email": email, "email_key": key, "name": name, "created_at": now}
    if customer is not None:
        # Two syncs of one customer may come here at once: the unique column lets one of them make the row.
        _adopt(session, account_id, customer)
        insert_ignore(session, Payer, reference=str(uuid4()), stripe_customer=customer, **values)
    elif key is not None:
        hold_address(session, key)
    payer = _found(session, customer, account_id, key)
    if payer is None:
        payer = Payer(reference=str(uuid4()), **values)
        session.add(payer)
    payer.name = payer.name or name
    session.flush()
    return payer


def hold_address(session: Session, key: str) -> None:
    """Waits until nobody else is finding a payer by this address (its key), and lets nobody until we are done."""
    take_turn(session, f"payer {key}")


def claim_payers(session: Session, account: Account, *, now: datetime) -> None:
    """Gives a person who has just proved an address the payers that were known by it alone."""
    theirs = (Payer.email_key == account.email_key) & Payer.account_id.is_(None)
    session.execute(update(Payer).where(theirs).values(account_id=account.id))


def follow_address(session: Session, account: Account, was: str, *, now: datetime) -> None:
    """Takes an account's payers along to its new address (`was`: the old key), with those known by that alone.

    The latter only if it was shown that the new address is its owner's: else signing in there claims them.
    """
    theirs = (Payer.account_id == account.id) & (Payer.email_key == was)
    session.execute(update(Payer).where(theirs).values(email=account.email, email_key=account.email_key))
    if account.verified_at is not None:
        claim_payers(session, account, now=now)


def _adopt(session: Session, account_id: int | None, customer: str) -> None:
    # Somebody known by an account who paid without a customer so far goes on under the same payer.
    if account_id is None or session.scalar(select(Payer.id).where(Payer.stripe_customer == customer)):
        return
    theirs = (Payer.account_id == account_id) & Payer.stripe_customer.is_(None)
    payer = session.scalars(select(Payer).where(theirs).order_by(Payer.id).limit(1)).first()
    if payer is not None:
        payer.stripe_customer = customer
        session.flush()


def _found(session: Session, customer: str | None, account_id: int | None, key: str | None) -> Payer | None:
    if customer is not None:
        which = Payer.stripe_customer == customer
    elif account_id is not None:
        which = Payer.account_id == account_id
    elif key is not None:
        which = (Payer.email_key == key) & Payer.account_id.is_(None) & Payer.stripe_customer.is_(None)
    else:
        return None
    return session.scalars(select(Payer).where(which).order_by(Payer.id).limit(1)).first()


def _key(email: str | None) -> str | None:
    try:
        return email_key(email) if email else None
    except Refusal:
        # Typed at Stripe, which takes more than we do: good for a receipt, no way to find a person.
        return None
