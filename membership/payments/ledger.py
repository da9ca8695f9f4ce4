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
# A line may be listed late; what is already here is passed over by its unique key.
OVERLAP = timedelta(days=3)
BATCH = 500
TOGETHER = timedelta(seconds=5)


def collect_movements(database: Database, gateway: Gateway) -> int:
    """Lists what is new in the Stripe account and inserts it; returns how many movements were new.

    Reads from the cursor less three days, the first time from the beginning.
    """
    with database.session() as session:
        cursor = session.get(SyncCursor, CURSOR)
        since = cursor.position - OVERLAP if cursor else None
        release(session)
        lines = gateway.balance_transactions(since)
        inserted, newest = 0, since
        while batch := list(islice(lines, BATCH)):
            with transaction(session):
                inserted += _insert(session, batch)
            newest = max(filter(None, (newest, *(line.created_at for line in batch))))
        if newest is not None:
            with transaction(session):
                _advance(session, newest)
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


def _insert(session: Session, lines: Iterable[BalanceTransaction]) -> int:
    rows = [row for line in lines for row in _rows(line)]
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


def _advance(session: Session, newest: datetime) -> None:
    cursor = session.get(SyncCursor, CURSOR, with_for_update=True, populate_existing=True)
    if cursor is None:
        session.add(SyncCursor(name=CURSOR, position=newest))
    else:
        cursor.position = max(cursor.position, newest)
