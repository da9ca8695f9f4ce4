"""Another address for an account: asked for while signed in, done once the old and the new one have confirmed it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership.accounts.addresses import clean_email, email_key
from membership.accounts.audit import record
from membership.accounts.models import Account, AddressChange, SignInToken
from membership.accounts.people import find_account
from membership.db import locked, take_turn
from membership.errors import Dead, NotFound, Refusal, TooMany
from membership.outbox.rows import enqueue

LIFE = timedelta(days=1)
DAY = timedelta(days=1)
# Letters to a stranger's inbox: by one account, and to one address from all accounts.
MOST_BY_ACCOUNT = 5
MOST_TO_ADDRESS = 5

REFUSED = "refused to move a lost mailbox"

Side = Literal["old", "new"]


class Follow(Protocol):
    """Takes what is known by an account's address along, in the caller's transaction; `was` is the old `email_key`."""

    def __call__(self, session: Session, account: Account, was: str, *, now: datetime) -> object: ...


def ask_for_change(session: Session, account: Account, email: str, *, now: datetime) -> None:
    """Keeps the wish and writes to both addresses; whether the new one is somebody's already changes only its letter.

    Raises a `Refusal` of field `email`, and `TooMany`.
    """
    key = email_key(email)
    if key == account.email_key:
        raise Refusal("This is your address already.", field="email")
    take_turn(session, f"address {key}")
    locked(session, Account, account.id)
    _refuse_too_many(session, account, key, now=now)
    close_waiting(session, account, now=now)
    change = AddressChange(
        reference=str(uuid4()), account_id=account.id, email=clean_email(email), email_key=key, created_at=now
    )
    session.add(change)
    session.flush()
    for kind in ("address_old", "address_new"):
        enqueue(session, kind, change.reference, {"change": change.reference}, now=now)


def waiting_change(session: Session, account: Account, *, now: datetime) -> AddressChange | None:
    """Returns the change that an account waits for, or `None`: one that both confirm, or the move of a lost mailbox."""
    return session.scalars(
        select(AddressChange)
        .where(AddressChange.account_id == account.id, AddressChange.closed_at.is_(None))
        .where(or_(AddressChange.created_at > now - LIFE, AddressChange.moves_at.is_not(None)))
        .order_by(AddressChange.id.desc())
        .limit(1)
    ).first()


def take_back(session: Session, account: Account, *, now: datetime) -> None:
    """Drops the change that an account waits for; its letters do nothing any more."""
    close_waiting(session, account, now=now)


def find_change(session: Session, reference: str) -> AddressChange | None:
    """Returns a change, or `None` if it is forgotten by now."""
    return session.scalar(select(AddressChange).where(AddressChange.reference == reference))


def change_by_reference(session: Session, reference: str) -> AddressChange:
    """Returns a change. Raises `NotFound`."""
    change = find_change(session, reference)
    if change is None:
        raise NotFound("There is no such link. Perhaps it was cut in the mail: copy it whole.")
    return change


def is_confirmed(change: AddressChange, side: Side) -> bool:
    """Says whether one of the two addresses has confirmed."""
    return (change.old_confirmed_at if side == "old" else change.new_confirmed_at) is not None


def is_done(change: AddressChange) -> bool:
    """Says whether both addresses have confirmed."""
    return is_confirmed(change, "old") and is_confirmed(change, "new")


def confirm(session: Session, reference: str, side: Side, follow: Iterable[Follow], *, now: datetime) -> None:
    """Keeps that one address confirms; with the second, the account has the new one. Twice does nothing more.

    Raises `Dead` if the wish is over, and `NotFound`.
    """
    found = change_by_reference(session, reference)
    # In the order in which a new wish takes them, lest two wait for each other.
    locked(session, Account, found.account_id)
    change = locked(session, AddressChange, found.id)
    if change is None or is_confirmed(change, side):
        return
    if change.closed_at is not None or change.created_at <= now - LIFE or change.moves_at is not None:
        raise Dead("This change of address is over: it was taken back, or waited for longer than a day. Ask anew.")
    if side == "old":
        change.old_confirmed_at = now
    else:
        change.new_confirmed_at = now
    if is_done(change):
        move(session, change, follow, actor_id=change.account_id, now=now)


def move(
    session: Session, change: AddressChange, follow: Iterable[Follow], *, actor_id: int | None, now: datetime
) -> bool:
    """Gives an account its new address, and closes the wish; `False` if somebody has the address by now.

    Links in letters to the old one die, mails that would sign in there too, and both addresses are told.
    """
    change.closed_at = now
    account = locked(session, Account, change.account_id)
    if account is None or account.erased_at is not None or find_account(session, change.email) is not None:
        return False
    was, account_email = account.email_key, account.email
    try:
        with session.begin_nested():
            account.email, account.email_key = change.email, change.email_key
            # Links in letters to the old address open nothing any more.
            account.link_version += 1
            if change.moves_at is not None:
                # Nobody has shown yet that they read the new mailbox.
                account.verified_at = None
    except IntegrityError:
        return False
    _end_requests(session, was, now=now)
    for take_along in follow:
        take_along(session, account, was, now=now)
    for side, email in (("old", account_email), ("new", change.email)):
        told = {"email": email, "change": change.reference, "side": side}
        enqueue(session, "address_moved", f"{change.reference}:{side}", told, now=now)
    record(session, "address changed", "account", account.reference, actor_id=actor_id, fields=("email",), now=now)
    return True


def close_waiting(session: Session, account: Account, *, now: datetime) -> None:
    """Closes every wish of an account that is not done; whoever of the staff asked for one of them hears of it."""
    waits = select(AddressChange).where(AddressChange.account_id == account.id, AddressChange.closed_at.is_(None))
    for change in session.scalars(waits.with_for_update(), execution_options={"populate_existing": True}).all():
        change.closed_at = now
        if change.moves_at is not None:
            tell_asker(session, change, "other", now=now)
            reference = account.reference
            record(session, REFUSED, "account", reference, actor_id=account.id, fields=("email",), now=now)


def tell_asker(session: Session, change: AddressChange, why: str, *, now: datetime) -> None:
    """Lets whoever asked for the move of a lost mailbox know why the account stays: refused, taken, staff or other."""
    enqueue(session, "mailbox_stays", change.reference, {"change": change.reference, "why": why}, now=now)


def _refuse_too_many(session: Session, account: Account, key: str, *, now: datetime) -> None:
    counted = select(func.count()).select_from(AddressChange).where(AddressChange.created_at > now - DAY)
    by_account = session.scalar(counted.where(AddressChange.account_id == account.id)) or 0
    to_address = session.scalar(counted.where(AddressChange.email_key == key)) or 0
    if by_account >= MOST_BY_ACCOUNT or to_address >= MOST_TO_ADDRESS:
        raise TooMany(
            "Several changes of address were asked for today. Please try again tomorrow.",
            field="email",
            retry_after=int(DAY.total_seconds()),
        )


def _end_requests(session: Session, was: str, *, now: datetime) -> None:
    # Else a mail that is under way would sign in, and so make, an empty account of the old address.
    unused = (SignInToken.email_key == was, SignInToken.used_at.is_(None), SignInToken.expires_at > now)
    session.execute(update(SignInToken).where(*unused).values(expires_at=now))
