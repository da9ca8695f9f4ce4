"""What the staff may do: editor, finance, admin."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.accounts.models import Account, StaffRole
from membership.db import insert_ignore


def grant(session: Session, account: Account, role: str, *, by: Account | None, now: datetime) -> bool:
    """Gives an account a role and says so in the audit log; `False` if it had it. Nobody is the command line."""
    actor_id = by.id if by else None
    granted = insert_ignore(
        session, StaffRole, account_id=account.id, role=role, granted_at=now, granted_by_id=actor_id
    )
    if granted:
        record(session, f"granted {role}", "account", account.reference, actor_id=actor_id, fields=("role",), now=now)
    return granted


def staff_with(session: Session, *roles: str) -> list[Account]:
    """Lists the people who hold one of these roles, and have not been erased."""
    holds = select(StaffRole.account_id).where(StaffRole.role.in_(roles))
    return list(session.scalars(select(Account).where(Account.id.in_(holds), Account.erased_at.is_(None))))


def roles_of(session: Session, account_id: int) -> frozenset[str]:
    """Returns the roles of an account; most have none."""
    return frozenset(session.scalars(select(StaffRole.role).where(StaffRole.account_id == account_id)))
