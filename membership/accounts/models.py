"""Tables of people, their roles, their ways in, and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Id, one_of

ROLES = ("editor", "finance", "admin")
SCOPES = ("full", "vote")


class Account(Base):
    """A person known by an e-mail address; unverified until the first sign-in."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    verified_at: Mapped[datetime | None]
    name: Mapped[str | None]
    language: Mapped[str]
    link_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class StaffRole(Base):
    """A role somebody holds among the staff, and who gave it (nobody: the command line)."""

    __tablename__ = "staff_roles"
    __table_args__ = (UniqueConstraint("account_id", "role"), one_of("role", ROLES))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[str]
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class SignInToken(Base):
    """One request to sign in: a link and a six-digit code, both kept as hashes; good once, for ten minutes.

    `request_hash` binds the code to the form that asked for it.
    """

    __tablename__ = "sign_in_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    code_hash: Mapped[str]
    request_hash: Mapped[str] = mapped_column(index=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(index=True)
    network_key: Mapped[str | None] = mapped_column(index=True)
    next_path: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInSession(Base):
    """A browser that is signed in; the cookie holds the secret, the row only its hash."""

    __tablename__ = "sessions"
    __table_args__ = (one_of("scope", SCOPES),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    scope: Mapped[str] = mapped_column(default="full")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what to which thing: ids and field names, never personal values. Append-only, chained by hash."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    act: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    fields: Mapped[list[Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)
