"""An account moves to another address because its mailbox is lost: asked for by finance, done three days later.

Until then its owner may refuse, by the letter to the old address or in the account, and the staff may call it off.
The three days count from when our mail server took the letters. What proves that the wish is the owner's is asked
above, where payments are known.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.accounts import sessions
from membership.accounts.address_changes import REFUSED, Follow, close_waiting, find_change, move, tell_asker
from membership.accounts.addresses import clean_email, email_key
from membership.accounts.audit import record
from membership.accounts.models import Account, AddressChange, Passkey
from membership.accounts.people import find_account
from membership.accounts.roles import roles_of
from membership.clock import Clock
from membership.db import Database, locked, take_turn, transaction
from membership.errors import Dead, NotAllowed, NotFound, Refusal, WrongState
from membership.outbox.rows import enqueue, put_off
from membership.outbox.waiting import first_done_at

DELAY = timedelta(hours=72)
# What a worker may take to send the letters without moving everything back.
SENDING = timedelta(hours=1)
LETTER, MOVE = "mailbox_lost", "mailbox_move"


class Moving(Protocol):
    """What of the process's seams it takes to move an account by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


class Due(Protocol):
    """What of a side effect says which move it is."""

    @property
    def payload(self) -> Mapping[str, Any]: ...


def ask_for_move(session: Session, account: Account, email: str, *, by: Account, now: datetime) -> AddressChange:
    """Has an account move to `email` in 72 hours, and writes to both addresses.

    Raises a `Refusal` of field `new_email`, `NotAllowed` for an account of the staff, `WrongState` if one
    waits already.
    """
    key = _free_key(session, account, email)
    take_turn(session, f"address {key}")
    locked(session, Account, account.id)
    _refuse_staff(session, account)
    if _waiting(session, account) is not None:
        raise WrongState("This account moves to another address already. Call that off first.")
    close_waiting(session, account, now=now)
    change = AddressChange(
        reference=str(uuid4()),
        account_id=account.id,
        email=clean_email(email),
        email_key=key,
        created_at=now,
        moves_at=now + DELAY,
        asked_by_id=by.id,
    )
    session.add(change)
    session.flush()
    payload = {"change": change.reference}
    # One by one: a mailbox that takes nothing any more must not keep the other letter back.
    for side in ("old", "new"):
        enqueue(session, LETTER, f"{change.reference}:{side}", {**payload, "side": side}, now=now)
    enqueue(session, MOVE, change.reference, payload, now=now, due_at=change.moves_at)
    _record(session, "asked to move a lost mailbox", account, by, now=now)
    return change


def waiting_moves(session: Session, *, limit: int = 50) -> list[tuple[AddressChange, Account]]:
    """Lists the moves that wait, the next one first, each with its account."""
    rows = session.execute(
        select(AddressChange, Account)
        .join(Account, Account.id == AddressChange.account_id)
        .where(AddressChange.moves_at.is_not(None), AddressChange.closed_at.is_(None), Account.erased_at.is_(None))
        .order_by(AddressChange.moves_at, AddressChange.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def refuse_move(session: Session, reference: str, *, now: datetime) -> None:
    """Keeps the old address, because the account's owner says so, and tells whoever asked. Twice does nothing more."""
    change = _move(session, reference)
    if change.closed_at is None:
        change.closed_at = now
        tell_asker(session, change, "refused", now=now)
        owner = session.get_one(Account, change.account_id)
        _record(session, REFUSED, owner, owner, now=now)


def call_move_off(session: Session, reference: str, *, by: Account, now: datetime) -> None:
    """Keeps the old address, because the staff says so. Raises `Dead` if it is over already, and `NotFound`."""
    change = _move(session, reference)
    if change.closed_at is not None:
        raise Dead("This move is over: it was done, refused or called off.")
    change.closed_at = now
    _record(session, "called off to move a lost mailbox", session.get_one(Account, change.account_id), by, now=now)


def carry_move(seams: Moving, task: Due, follow: Iterable[Follow]) -> None:
    """Carries out a move that is due, as a side effect."""
    with seams.database.session() as session, transaction(session):
        move_if_due(session, task.payload["change"], follow, now=seams.clock.now())


def move_if_due(session: Session, reference: str, follow: Iterable[Follow], *, now: datetime) -> None:
    """Moves the account if its time has come and nobody refused. Twice does nothing more.

    It is signed out everywhere, and its passkeys go: from then on it is opened by the new mailbox alone. If somebody
    has the new address by now, or the account has come to be one of the staff, it stays.
    """
    found = find_change(session, reference)
    account = locked(session, Account, found.account_id) if found else None
    change = locked(session, AddressChange, found.id) if found else None
    if change is None or change.moves_at is None or change.closed_at is not None or change.moves_at > now:
        return
    if _waits_for_letters(session, change, now=now):
        return
    is_staff = bool(roles_of(session, change.account_id))
    if account is None or is_staff or not move(session, change, follow, actor_id=change.asked_by_id, now=now):
        change.closed_at = now
        tell_asker(session, change, "staff" if is_staff else "taken", now=now)
        return
    sessions.end_all(session, account, now=now)
    # Else whoever had somebody else's address put under their own account would go on reading it.
    session.execute(delete(Passkey).where(Passkey.account_id == account.id))


def _waits_for_letters(session: Session, change: AddressChange, *, now: datetime) -> bool:
    told_at = first_done_at(session, LETTER, change.reference)
    if told_at is not None and (told_at <= change.created_at + SENDING or told_at + DELAY <= now):
        return False
    # Our mail server was away: nobody could refuse what nobody was told.
    due_at = (told_at or now) + DELAY
    change.moves_at = due_at
    put_off(session, MOVE, change.reference, {"change": change.reference}, due_at=due_at, now=now)
    return True


def _free_key(session: Session, account: Account, email: str) -> str:
    try:
        key = email_key(email)
    except Refusal as refusal:
        refusal.field = "new_email"
        raise
    if key == account.email_key:
        raise Refusal("The account has this address already.", field="new_email")
    if find_account(session, email) is not None:
        raise Refusal("This address has an account of its own. Nothing was moved.", field="new_email")
    return key


def _refuse_staff(session: Session, account: Account) -> None:
    # Else whoever looks after the money could take an admin's place.
    if roles_of(session, account.id):
        raise NotAllowed("Accounts of the staff are not moved here.")


def _waiting(session: Session, account: Account) -> AddressChange | None:
    waits = (AddressChange.moves_at.is_not(None), AddressChange.closed_at.is_(None))
    return session.scalars(select(AddressChange).where(AddressChange.account_id == account.id, *waits)).first()


def _move(session: Session, reference: str) -> AddressChange:
    change = find_change(session, reference)
    change = locked(session, AddressChange, change.id) if change else None
    if change is None or change.moves_at is None:
        raise NotFound("There is no such move.")
    return change


def _record(session: Session, act: str, account: Account, by: Account, *, now: datetime) -> None:
    record(session, act, "account", account.reference, actor_id=by.id, fields=("email",), now=now)
