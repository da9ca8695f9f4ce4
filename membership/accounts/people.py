"""Accounts: finding one by its address, making one, and knowing that the address is its owner's."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts import sessions
from membership.accounts.addresses import clean_email, email_key
from membership.accounts.models import Account
from membership.db import insert_ignore, locked


def find_account(session: Session, email: str) -> Account | None:
    """Returns the account of an address in any of its spellings, or `None`."""
    return session.scalar(select(Account).where(Account.email_key == email_key(email)))


def account_for(session: Session, email: str, *, language: str, now: datetime) -> tuple[Account, bool]:
    """Returns the account of an address, made unverified if there is none, and whether it was made.

    Nothing of an account that exists is overwritten. Two callers at once get one account.
    """
    made = insert_ignore(
        session,
        Account,
        reference=str(uuid4()),
        email=clean_email(email),
        email_key=email_key(email),
        language=language,
        link_version=1,
        created_at=now,
    )
    account = find_account(session, email)
    if account is None:
        raise RuntimeError("an account that was just found or made is not there")
    return account, made


def verify(session: Session, account: Account, *, now: datetime) -> None:
    """Keeps that the account's owner reads its mail; the first time counts, and ends what may only vote."""
    held = locked(session, Account, account.id)
    if held is not None and held.verified_at is None:
        held.verified_at = now
        # It is its owner's from now on: whoever was let in for having paid reads no ballot of theirs.
        sessions.end_to_vote(session, held, now=now)
