"""Passkeys: keys on a person's own devices that sign in without a mail; adding, naming, removing, and coming in."""

import secrets
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.accounts.authenticators import (
    Key,
    Site,
    Unproven,
    creation_options,
    credential_named,
    new_key,
    request_options,
    uses_after,
)
from membership.accounts.models import Account, Passkey
from membership.db import insert_ignore, locked
from membership.errors import NotFound, Refusal
from membership.outbox.rows import enqueue
from membership.web.current import current_settings
from membership.web.signing import BadSignature, sign, unsign

LIFE = timedelta(hours=1)
MOST = 10
LONGEST_NAME = 60
SIGN_IN = "passkey sign-in"


def site(name: str) -> Site:
    """Returns this site as authenticators know it, with the newsroom's name."""
    base = urlsplit(current_settings().base_url)
    return Site(base.hostname or "", f"{base.scheme}://{base.netloc}", name)


def passkeys_of(session: Session, account: Account) -> tuple[Passkey, ...]:
    """Lists the passkeys of an account in the order in which they were added."""
    return tuple(session.scalars(select(Passkey).where(Passkey.account_id == account.id).order_by(Passkey.id)))


def adding(session: Session, account: Account, at: Site, *, now: datetime) -> tuple[str, str]:
    """Returns a challenge for a new passkey of an account, and the JSON with which a browser asks for it."""
    challenge = _challenge(_for_adding(account), now=now)
    known = tuple(each.credential_id for each in passkeys_of(session, account))
    return challenge, creation_options(at, challenge, person=account.reference, shown=account.email, known=known)


def add(session: Session, account: Account, at: Site, answer: str, *, challenge: str, name: str, now: datetime) -> None:
    """Keeps a new passkey, and writes to its owner. Raises a `Refusal`."""
    named = _cleaned(name)
    _issued_at(_for_adding(account), challenge, now=now)
    locked(session, Account, account.id)
    if len(passkeys_of(session, account)) >= MOST:
        raise Refusal("An account has %(most)s passkeys at most. Remove one first.", most=MOST)
    try:
        key = new_key(at, challenge, answer)
    except Unproven as error:
        raise Refusal("This device made no passkey that we can use. Please try it once more.") from error
    reference = str(uuid4())
    kept = insert_ignore(
        session,
        Passkey,
        reference=reference,
        account_id=account.id,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=key.sign_count,
        name=named,
        created_at=now,
    )
    if not kept:
        raise Refusal("This passkey is kept already.")
    enqueue(session, "passkey_added", reference, {"account": account.reference, "at": now.isoformat()}, now=now)
    record(session, "passkey added", "passkey", reference, actor_id=account.id, now=now)


def rename(session: Session, account: Account, reference: str, name: str) -> None:
    """Gives a passkey another name. Raises `NotFound`, and a `Refusal` of field `name`."""
    _own(session, account, reference).name = _cleaned(name)


def remove(session: Session, account: Account, reference: str, *, now: datetime) -> None:
    """Forgets a passkey: it signs in no more. Raises `NotFound`."""
    session.delete(_own(session, account, reference))
    record(session, "passkey removed", "passkey", reference, actor_id=account.id, now=now)


def asking(at: Site, *, now: datetime) -> tuple[str, str]:
    """Returns a challenge for signing in, and the JSON with which a browser asks for any passkey of this site."""
    challenge = _challenge(SIGN_IN, now=now)
    return challenge, request_options(at, challenge)


def by_passkey(session: Session, at: Site, answer: str, *, challenge: str, now: datetime) -> Account:
    """Returns whose passkey answered a challenge, once. Raises a `Refusal`."""
    issued_at = _issued_at(SIGN_IN, challenge, now=now)
    try:
        found = session.scalar(select(Passkey.id).where(Passkey.credential_id == credential_named(answer)))
        passkey = None if found is None else locked(session, Passkey, found)
        account = session.get(Account, passkey.account_id) if passkey else None
        if passkey is None or account is None or account.erased_at is not None:
            raise Refusal("We do not know this passkey; perhaps it was removed. Sign in by mail.")
        # Each sign-in makes all challenges useless that were there before, its own among them.
        if passkey.used_at is not None and issued_at <= passkey.used_at:
            raise Refusal("This page is older than your last sign-in. Please try it once more.")
        key = Key(passkey.credential_id, passkey.public_key, passkey.sign_count)
        passkey.sign_count = uses_after(at, challenge, answer, key)
    except Unproven as error:
        raise Refusal("This passkey did not sign in. Please try it once more, or sign in by mail.") from error
    passkey.used_at = now
    return account


def _challenge(purpose: str, *, now: datetime) -> str:
    return sign(purpose, f"{secrets.token_urlsafe(18)} {now.isoformat()}", now=now)


def _issued_at(purpose: str, challenge: str, *, now: datetime) -> datetime:
    try:
        value = unsign(purpose, challenge, life=LIFE, now=now)
    except BadSignature as error:
        raise Refusal("This page was open for too long. Please try it once more.") from error
    return datetime.fromisoformat(value.partition(" ")[2])


def _for_adding(account: Account) -> str:
    return f"passkey of {account.reference}"


def _cleaned(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned:
        raise Refusal("Give the passkey a name, such as “my telephone”.", field="name")
    if len(cleaned) > LONGEST_NAME:
        raise Refusal("A name has %(longest)s characters at most.", field="name", longest=LONGEST_NAME)
    return cleaned


def _own(session: Session, account: Account, reference: str) -> Passkey:
    own = select(Passkey).where(Passkey.reference == reference, Passkey.account_id == account.id)
    passkey = session.scalar(own)
    if passkey is None:
        raise NotFound("There is no such passkey here. Perhaps it was removed meanwhile.")
    return passkey
