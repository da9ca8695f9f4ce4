"""Erasing an account for good: every package erases its part, in one transaction. There is no way back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from membership.accounts.addresses import email_key
from membership.accounts.audit import record
from membership.accounts.models import Account
from membership.accounts.own_data import Fate, PersonalData
from membership.db import locked
from membership.errors import Refusal
from membership.newsroom.site_version import bump

NOBODY = ""


def foretell(session: Session, account: Account, parts: Sequence[PersonalData]) -> Fate:
    """Says what erasing an account would do, and does nothing."""
    fates = [part.foretell(session, account) for part in parts]
    goes = tuple(sentence for fate in fates for sentence in fate.goes)
    return Fate(goes, tuple(sentence for fate in fates for sentence in fate.stays))


def refuse_unless_meant(account: Account, typed: str) -> None:
    """Raises a `Refusal` of field `email` unless the account's own address was typed: nobody erases by a slip."""
    try:
        is_meant = email_key(typed) == account.email_key
    except Refusal:
        is_meant = False
    if not is_meant:
        raise Refusal("This is not the address of this account. Type it as it stands above.", field="email")


def erase(session: Session, account_id: int, parts: Sequence[PersonalData], *, now: datetime) -> bool:
    """Erases an account in the caller's transaction; `False` if it was erased before.

    What must be done at Stripe is left to workers. Rows that stay behind lead to nobody.
    """
    account = locked(session, Account, account_id)
    if account is None or account.erased_at is not None:
        return False
    # The highest floor first: what stands above is found by what stands below.
    for part in reversed(parts):
        part.erase(session, account, now=now)
    session.flush()
    # Public pages may have named them.
    bump(session)
    record(session, "erased", "account", account.reference, actor_id=account.id, now=now)
    return True
