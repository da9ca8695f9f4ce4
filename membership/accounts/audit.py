"""The audit log: who did what to which thing, in a chain of hashes that shows any later change."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import AuditEntry
from membership.db import take_turn

BEGINNING = ""
PAGE = 500


class BrokenChain(Exception):  # noqa: N818 - said of the log
    """An entry of the audit log is not what was written; the message names it."""


def record(
    session: Session,
    act: str,
    subject_kind: str,
    subject_id: str,
    *,
    actor_id: int | None,
    fields: Sequence[str] = (),
    now: datetime,
) -> None:
    """Adds an entry in the caller's transaction: ids and names of fields, never personal values.

    `actor_id` is the account that acted, `None` the command line. Writers take turns until they commit:
    call this last. Whatever is pending is written, with the locks it takes, before the turn is.
    """
    session.flush()
    take_turn(session, "audit")
    entry = AuditEntry(
        at=now,
        actor_id=actor_id,
        act=act,
        subject_kind=subject_kind,
        subject_id=subject_id,
        fields=list(fields),
        previous_hash=session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or BEGINNING,
    )
    entry.hash = hash_of(entry)
    session.add(entry)
    session.flush()


def verify_chain(session: Session) -> int:
    """Reads the whole log and returns how many entries it has; raises `BrokenChain` at the first that does not fit."""
    count, previous = 0, BEGINNING
    for entry in _entries(session):
        if entry.previous_hash != previous or entry.hash != hash_of(entry):
            raise BrokenChain(f"audit entry {entry.id} does not follow from the one before it")
        count, previous = count + 1, entry.hash
    return count


def _entries(session: Session) -> Iterator[AuditEntry]:
    # Read anew whatever the session remembers, and in pages: reads on PostgreSQL have no cursor to hold.
    last_id = 0
    in_order = select(AuditEntry).order_by(AuditEntry.id).limit(PAGE).execution_options(populate_existing=True)
    while page := session.scalars(in_order.where(AuditEntry.id > last_id)).all():
        yield from page
        last_id = page[-1].id


def hash_of(entry: AuditEntry) -> str:
    """Returns SHA-256 over the entry's content and the hash of the one before."""
    content = (
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.act,
        entry.subject_kind,
        entry.subject_id,
        list(entry.fields),
        entry.previous_hash,
    )
    return sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
