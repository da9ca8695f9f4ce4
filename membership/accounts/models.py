"""Tables of people, their roles, their ways in, the mail they want, and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Id, one_of
from membership.personal import BLANKED, DELETED, KEPT, REPLACED, personal

ROLES = ("editor", "finance", "admin")
SCOPES = ("full", "vote")
CREDITS = ("name", "initials")


class Account(Base):
    """A person known by an e-mail address; unverified until the first sign-in."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(REPLACED, "account"))
    email: Mapped[str] = mapped_column(info=personal(REPLACED, "account"))
    email_key: Mapped[str] = mapped_column(unique=True, info=personal(REPLACED, "account"))
    verified_at: Mapped[datetime | None]
    name: Mapped[str | None] = mapped_column(info=personal(BLANKED, "account"))
    language: Mapped[str] = mapped_column(info=personal(KEPT, "account"))
    link_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class StaffRole(Base):
    """A role somebody holds among the staff, and who gave it (nobody: the command line)."""

    __tablename__ = "staff_roles"
    __table_args__ = (UniqueConstraint("account_id", "role"), one_of("role", ROLES))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), info=personal(DELETED, "account"))
    role: Mapped[str] = mapped_column(info=personal(DELETED, "account"))
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), info=personal(KEPT, "audit"))


class SignInToken(Base):
    """One request to sign in: a link and a six-digit code, both kept as hashes; good once, for ten minutes.

    `request_hash` binds the code to the form that asked for it.
    """

    __tablename__ = "sign_in_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True, info=personal(DELETED, "sign_in"))
    code_hash: Mapped[str] = mapped_column(info=personal(DELETED, "sign_in"))
    request_hash: Mapped[str] = mapped_column(index=True, info=personal(DELETED, "sign_in"))
    email: Mapped[str] = mapped_column(info=personal(DELETED, "sign_in"))
    email_key: Mapped[str] = mapped_column(index=True, info=personal(DELETED, "sign_in"))
    network_key: Mapped[str | None] = mapped_column(index=True, info=personal(DELETED, "sign_in"))
    next_path: Mapped[str | None] = mapped_column(info=personal(DELETED, "sign_in"))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInSession(Base):
    """A browser that is signed in; the cookie holds the secret, the row only its hash.

    `device` is its plain name, `device_hash` the hash of the mark by which it is known when it comes again.
    """

    __tablename__ = "sessions"
    __table_args__ = (one_of("scope", SCOPES),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    secret_hash: Mapped[str] = mapped_column(unique=True, info=personal(DELETED, "sessions"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True, info=personal(DELETED, "sessions"))
    scope: Mapped[str] = mapped_column(default="full")
    device: Mapped[str | None] = mapped_column(info=personal(DELETED, "sessions"))
    device_hash: Mapped[str | None] = mapped_column(info=personal(DELETED, "sessions"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Passkey(Base):
    """A key on a person's own device; here stand its public half, its name, and how often it was used."""

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(DELETED, "account"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True, info=personal(DELETED, "account"))
    credential_id: Mapped[str] = mapped_column(unique=True, info=personal(DELETED, "account"))
    public_key: Mapped[str] = mapped_column(info=personal(DELETED, "account"))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(info=personal(DELETED, "account"))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AddressChange(Base):
    """A wish to be known by another address; done once both the old and the new one have confirmed it.

    Where the old mailbox is lost, `asked_by_id` of the staff asked for it, and it is done at `moves_at` unless refused.
    """

    __tablename__ = "address_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(DELETED, "address_changes"))
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id"), index=True, info=personal(DELETED, "address_changes")
    )
    email: Mapped[str] = mapped_column(info=personal(DELETED, "address_changes"))
    email_key: Mapped[str] = mapped_column(index=True, info=personal(DELETED, "address_changes"))
    created_at: Mapped[datetime]
    old_confirmed_at: Mapped[datetime | None]
    new_confirmed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    moves_at: Mapped[datetime | None]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), info=personal(KEPT, "address_changes"))


class UnwantedMail(Base):
    """A kind of news that somebody does not want by mail; without a row they want it."""

    __tablename__ = "unwanted_mail"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id"), primary_key=True, info=personal(DELETED, "account")
    )
    kind: Mapped[str] = mapped_column(primary_key=True, info=personal(DELETED, "account"))
    since: Mapped[datetime]


class WantedMail(Base):
    """A kind of letter that somebody asked for; without a row they do not get it."""

    __tablename__ = "wanted_mail"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id"), primary_key=True, info=personal(DELETED, "account")
    )
    kind: Mapped[str] = mapped_column(primary_key=True, info=personal(DELETED, "account"))
    since: Mapped[datetime]


class News(Base):
    """Something to tell one person; it waits to be told with all else that waits, in one letter a week.

    `letter` is the key of the letter that took it, `told_at` when that was sent.
    """

    __tablename__ = "news"
    __table_args__ = (UniqueConstraint("account_id", "kind", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), info=personal(DELETED, "news"))
    kind: Mapped[str] = mapped_column(info=personal(DELETED, "news"))
    key: Mapped[str] = mapped_column(info=personal(DELETED, "news"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, info=personal(DELETED, "news"))
    created_at: Mapped[datetime]
    letter: Mapped[str | None] = mapped_column(index=True, info=personal(DELETED, "news"))
    told_at: Mapped[datetime | None]


class Credit(Base):
    """How somebody wants to be named under articles that they had a part in; without a row they are not named."""

    __tablename__ = "credits"
    __table_args__ = (one_of("shown", CREDITS),)

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id"), primary_key=True, info=personal(DELETED, "account")
    )
    shown: Mapped[str] = mapped_column(info=personal(DELETED, "account"))
    name: Mapped[str] = mapped_column(info=personal(DELETED, "account"))
    chosen_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what to which thing: ids and field names, never personal values. Append-only, chained by hash."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), info=personal(KEPT, "audit"))
    act: Mapped[str] = mapped_column(info=personal(KEPT, "audit"))
    subject_kind: Mapped[str]
    subject_id: Mapped[str] = mapped_column(info=personal(KEPT, "audit"))
    fields: Mapped[list[Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)
