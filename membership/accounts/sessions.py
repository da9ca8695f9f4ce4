"""Browsers that are signed in, as rows: they can be ended from here, one or all."""

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, String, bindparam, func, literal, select, update
from sqlalchemy.orm import Session, load_only

from membership.accounts.models import SCOPES, Account, SignInSession
from membership.db import Moment
from membership.web.signing import hashed

LIFE = timedelta(days=180)
# As long as the browser that paid is known by its attempt.
LIFE_TO_VOTE = timedelta(days=1)
IDLE = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)

FULL, TO_VOTE = SCOPES


def begin(
    session: Session, account: Account, *, device: str = "", mark: str = "", scope: str = FULL, now: datetime
) -> str:
    """Signs one browser in and returns the secret for its cookie; only its hash is kept.

    `device` is the browser's plain name, `mark` the random text by which it is known when it comes again. `scope`:
    `TO_VOTE` for one that may open its ballot, for a day, and nothing else.
    """
    secret = secrets.token_urlsafe(32)
    session.add(
        SignInSession(
            secret_hash=hashed(secret),
            account_id=account.id,
            scope=scope,
            device=device or None,
            device_hash=hashed(mark) if mark else None,
            created_at=now,
            seen_at=now,
            expires_at=now + (LIFE if scope == FULL else LIFE_TO_VOTE),
        )
    )
    session.flush()
    return secret


def find(session: Session, secret: str, *, now: datetime) -> tuple[SignInSession, Account] | None:
    """Returns the session that a cookie's secret opens, with its account; `None` if it is over."""
    row = session.execute(_FIND, {"hash": hashed(secret), "now": now, "idle_since": now - IDLE}).one_or_none()
    return None if row is None else (row[0], row[1])


def is_alive(at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a session that is neither ended, nor too old, nor idle for too long at a moment."""
    return _is_alive(literal(at, Moment), literal(at - IDLE, Moment))


def _is_alive(at: ColumnElement[datetime], idle_since: ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    return (SignInSession.ended_at.is_(None), SignInSession.expires_at > at, SignInSession.seen_at > idle_since)


# Made once: every request of somebody who is signed in asks it, and making it takes longer than asking.
_FIND: Final = (
    select(SignInSession, Account)
    .options(load_only(SignInSession.scope, SignInSession.seen_at))
    .join(Account, Account.id == SignInSession.account_id)
    .where(
        SignInSession.secret_hash == bindparam("hash", type_=String),
        *_is_alive(bindparam("now", type_=Moment), bindparam("idle_since", type_=Moment)),
        Account.erased_at.is_(None),
    )
)


def count_alive(session: Session, account: Account, *, now: datetime) -> int:
    """Counts the browsers in which an account is signed in."""
    return session.scalar(select(func.count()).where(SignInSession.account_id == account.id, *is_alive(now))) or 0


def is_due_to_be_seen(row: SignInSession, *, now: datetime) -> bool:
    """Says whether the last sight of this browser is old enough to be written anew."""
    return now - row.seen_at >= SEEN_EVERY


def see(session: Session, row: SignInSession, *, now: datetime) -> None:
    """Keeps that this browser was here now."""
    session.execute(
        update(SignInSession).where(SignInSession.id == row.id, SignInSession.seen_at < now).values(seen_at=now)
    )


def end(session: Session, secret: str, *, now: datetime) -> None:
    """Signs one browser out."""
    _end(session, SignInSession.secret_hash == hashed(secret), now=now)


def end_all(session: Session, account: Account, *, now: datetime) -> None:
    """Signs an account out everywhere."""
    _end(session, SignInSession.account_id == account.id, now=now)


def end_to_vote(session: Session, account: Account, *, now: datetime) -> None:
    """Ends what may only vote for an account."""
    _end(session, (SignInSession.account_id == account.id) & (SignInSession.scope == TO_VOTE), now=now)


def _end(session: Session, whose: ColumnElement[bool], *, now: datetime) -> None:
    session.execute(update(SignInSession).where(whose, SignInSession.ended_at.is_(None)).values(ended_at=now))
