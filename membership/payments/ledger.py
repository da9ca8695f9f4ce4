"""The ledger: every line of the Stripe account as movements, and the proof that they add up to its balance."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership.db import Database, release, transaction
from membership.outbox.periodic import EPOCH
from membership.outbox.rows import enqueue
from membership.payments.gateway import Gateway
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import Movement, SyncCursor
from membership.payments.records import BalanceTransaction

CURSOR = "balance_transactions"
# How far back an account with a past has been read; `WHOLE`: to its beginning.
BACK = "balance_transactions.back"
WHOLE = EPOCH
# A line may be listed late; what is already here is passed over by its unique key.
OVERLAP = timedelta(days=3)
BATCH = 500
# So many lines at most are read back at a time: a worker has other things to do, and goes on in its next round.
MOST_BACK = 50_000
TOGETHER = timedelta(seconds=5)


def collect_movements(database: Database, gateway: Gateway, *, most_back: int = MOST_BACK) -> int:
    """Lists what is new in the Stripe account and inserts it; returns how many movements were new.

    Reads from the cursor less three days. An account with a past is read back to its beginning, at most `most_back`
    lines at a time (a page more at the end), each time from where the last time ended.
    """
    with database.session() as session:
        cursor = session.get(SyncCursor, CURSOR)
        back_to = read_back_to(session)
        release(session)
        inserted = _collect_new(session, gateway, cursor.position - OVERLAP) if cursor else 0
        if cursor is None or back_to is not None:
            inserted += _read_back(session, gateway, back_to, most=most_back)
    return inserted


def read_back_to(session: Session) -> datetime | None:
    """Returns the moment before which lines are still to be read; `None` if all were, or nothing has begun."""
    position = session.scalar(select(SyncCursor.position).where(SyncCursor.name == BACK))
    return None if position == WHOLE else position


def _collect_new(session: Session, gateway: Gateway, since: datetime) -> int:
    lines, inserted, newest = gateway.balance_transactions(since), 0, since
    while batch := list(islice(lines, BATCH)):
        with transaction(session):
            inserted += insert_lines(session, batch)
        newest = max(newest, *(line.created_at for line in batch))
    # Only now: the list goes from new to old, and what lies between must not be passed over.
    with transaction(session):
        _advance(session, newest)
    return inserted


def _read_back(session: Session, gateway: Gateway, until: datetime | None, *, most: int) -> int:
    lines, inserted, read = gateway.balance_transactions(None, until), 0, 0
    while batch := list(islice(lines, min(BATCH, most))):
        newest, oldest = batch[0].created_at, batch[-1].created_at
        read += len(batch)
        with transaction(session):
            inserted += insert_lines(session, batch)
            _advance(session, newest)
            _keep_back(session, oldest)
        # Within one second a list cannot be entered anew: there it must be read on.
        if read >= most and oldest != until and newest != oldest:
            return inserted
    if read or until is not None:
        with transaction(session):
            _keep_back(session, WHOLE)
    return inserted


def list_soon(mirror: Mirror, _account: str, _cause: Cause) -> None:
    """Says that there are new lines in the account; what comes in within five seconds shares one listing."""
    now = mirror.clock.now()
    due_at = EPOCH + ((now - EPOCH) // TOGETHER + 1) * TOGETHER
    with mirror.database.session() as session, transaction(session):
        enqueue(session, "movements", due_at.isoformat(), {}, now=now, due_at=due_at)


def sums(session: Session) -> dict[str, int]:
    """Returns the sum of all movements of source *stripe* in minor units, by currency."""
    table = Movement.__table__.c
    statement = select(table.currency, func.sum(table.amount_minor)).where(table.source == "stripe")
    return {currency: int(total) for currency, total in session.execute(statement.group_by(table.currency))}


def insert_lines(session: Session, lines: Iterable[BalanceTransaction]) -> int:
    """Inserts the movements of lines that are not there yet, in the caller's transaction; returns how many."""
    rows = [row for line in lines for row in _rows(line)]
    return sum(_insert(session, rows[start : start + 2 * BATCH]) for start in range(0, len(rows), 2 * BATCH))


def movements_of(line: BalanceTransaction) -> dict[str, tuple[int, str]]:
    """Returns amount (minor units, as signed) and currency of each movement of a line, by its part."""
    return {row["part"]: (row["amount_minor"], row["currency"]) for row in _rows(line)}


def _insert(session: Session, rows: list[dict[str, Any]]) -> int:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(Movement).on_conflict_do_nothing().returning(Movement.id)
    return len(session.execute(statement, rows).all())


def _rows(line: BalanceTransaction) -> list[dict[str, Any]]:
    common = {
        "source": "stripe",
        "transaction_id": line.id,
        "kind": line.kind,
        "source_id": line.source,
        "currency": line.amount.currency,
        "occurred_at": line.created_at,
        "available_at": line.available_at,
    }
    gross = {**common, "part": "gross", "amount_minor": line.amount.minor}
    fee = {**common, "part": "fee", "amount_minor": -line.fee.minor}
    return [gross, fee] if line.fee.minor else [gross]


def _keep_back(session: Session, oldest: datetime) -> None:
    cursor = session.get(SyncCursor, BACK, with_for_update=True, populate_existing=True)
    if cursor is None:
        session.add(SyncCursor(name=BACK, position=oldest))
    else:
        cursor.position = min(cursor.position, oldest)


def _advance(session: Session, newest: datetime) -> None:
    cursor = session.get(SyncCursor, CURSOR, with_for_update=True, populate_existing=True)
    if cursor is None:
        session.add(SyncCursor(name=CURSOR, position=newest))
    else:
        cursor.position = max(cursor.position, newest)
