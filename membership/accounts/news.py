"""News for one person waits here, and is told with all else that waits in one letter, at most one a week."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from membership.accounts.mail_choices import unwanted_by
from membership.accounts.models import Account, News
from membership.db import insert_ignore, locked
from membership.outbox.rows import Task, enqueue, put_off

WEEK: Final = timedelta(days=7)
LETTER: Final = "news_letter"
# Told news is known for a while, so that nothing is told twice and the week can be counted.
KEPT: Final = timedelta(days=30)


def add_news(
    session: Session, account_id: int, kind: str, key: str, payload: Mapping[str, Any], *, now: datetime
) -> bool:
    """Has somebody told, once, of what `kind` and `key` name; `False` if they do not want it or were told.

    Locks the account. The first that waits plans the letter: at once, or a week after the last one.
    """
    account = locked(session, Account, account_id)
    if account is None or account.erased_at is not None or kind in unwanted_by(session, account_id):
        return False
    is_first = session.scalar(select(News.id).where(*_waiting(account_id)).limit(1)) is None
    added = insert_ignore(
        session, News, account_id=account_id, kind=kind, key=key, payload=dict(payload), created_at=now
    )
    if added and is_first:
        # A key of no meaning: it stays behind when the account is erased.
        due_at = _next_letter_at(session, account_id, now=now)
        enqueue(session, LETTER, str(uuid4()), {"account": account.reference}, now=now, due_at=due_at)
    return added


def drop_news(session: Session, account_id: int, kind: str, about: str) -> None:
    """Takes back what waits to be told of a kind, where its key begins with `about`; what is in a letter stays."""
    whose = (*_waiting(account_id), News.kind == kind, News.key.startswith(about, autoescape=True))
    session.execute(delete(News).where(*whose))


def take(session: Session, task: Task, *, now: datetime) -> tuple[Account, tuple[News, ...]] | None:
    """Puts all that waits into the letter of `task`, and returns what it tells; a repeat returns the same.

    `None` if there is nothing to tell, or if it is too early: then the letter is put off.
    """
    found = session.scalar(select(Account.id).where(Account.reference == task.payload["account"]))
    account = None if found is None else locked(session, Account, found)
    if account is None:
        return None
    if not _was_taken(session, task.key):
        if session.scalar(select(News.id).where(*_waiting(account.id)).limit(1)) is None:
            return None
        earliest = _next_letter_at(session, account.id, now=now)
        if earliest > now:
            put_off(session, task.kind, task.key, task.payload, due_at=earliest, now=now)
            return None
        unwanted = News.kind.in_(list(unwanted_by(session, account.id)))
        session.execute(delete(News).where(*_waiting(account.id), unwanted))
        session.execute(update(News).where(*_waiting(account.id)).values(letter=task.key))
    return _in_letter(session, account, task.key)


def mark_told(session: Session, letter: str, *, now: datetime) -> None:
    """Says that a letter was sent, or has nothing left to tell; the next goes out a week later.

    Also then: an earlier try may have sent it and ended before it could say so.
    """
    session.execute(update(News).where(*_untold(letter)).values(told_at=now))


def forget_news(session: Session, *, before: datetime, now: datetime) -> None:
    """Deletes news that was told before a moment."""
    session.execute(delete(News).where(News.told_at < before))


def _waiting(account_id: int) -> tuple[Any, ...]:
    return News.account_id == account_id, News.letter.is_(None)


def _untold(letter: str) -> tuple[Any, ...]:
    return News.letter == letter, News.told_at.is_(None)


def _next_letter_at(session: Session, account_id: int, *, now: datetime) -> datetime:
    under_way = (News.account_id == account_id, News.letter.is_not(None), News.told_at.is_(None))
    if session.scalar(select(News.id).where(*under_way).limit(1)) is not None:
        return now + WEEK
    last = session.scalar(select(func.max(News.told_at)).where(News.account_id == account_id))
    return now if last is None else max(now, last + WEEK)


def _was_taken(session: Session, letter: str) -> bool:
    return session.scalar(select(News.id).where(News.letter == letter).limit(1)) is not None


def _in_letter(session: Session, account: Account, letter: str) -> tuple[Account, tuple[News, ...]] | None:
    unwanted = unwanted_by(session, account.id)
    rows = session.scalars(select(News).where(*_untold(letter)).order_by(News.id)).all()
    wanted = tuple(row for row in rows if row.kind not in unwanted)
    return (account, wanted) if rows else None
