"""Payouts: what Stripe sends to the newsroom's bank, which lines it is made of, and whether they add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership.money import Money
from membership.payments.mirror import Cause, Mirror, Thing, reflect
from membership.payments.models import Movement, Payout, PayoutLine
from membership.payments.notices import notify_staff
from membership.payments.records import PayoutSeen

# SQLite takes some 32,000 values a statement; a line has two.
BATCH = 500


@dataclass(frozen=True)
class PayoutFound:
    """A payout with the ids of its lines, its own included; `None`: they were not asked for, or Stripe has none."""

    payout: PayoutSeen
    lines: tuple[str, ...] | None


@dataclass(frozen=True)
class PayoutSum:
    """A payout and what its lines add up to. `verdict`: equal, differs, not listed yet, lines unknown at Stripe.

    `lines` counts them; `difference` is the sum of their movements, `None` unless all of those stand in the ledger.
    """

    payout: Payout
    lines: int
    difference: Money | None
    verdict: str

    @property
    def says(self) -> str:
        """What staff read: `difference 0`, `difference -3.20`, or why nothing can be said."""
        return self.verdict if self.difference is None else f"difference {self.difference.plain()}"


def sync_payout(mirror: Mirror, payout_id: str, cause: Cause) -> PayoutFound | None:
    """Brings a payout up to date; of an automatic one the lines too, until they add up."""

    def fetch(object_id: str) -> PayoutFound:
        payout = mirror.gateway.payout(object_id)
        if not payout.automatic or _adds_up(mirror, object_id):
            return PayoutFound(payout, None)
        listed = {line.id for line in mirror.gateway.payout_lines(object_id)}
        own = {payout.transaction} if payout.transaction and listed else set()
        return PayoutFound(payout, tuple(sorted(listed | own)))

    return reflect(mirror, Thing("payout", payout_id), fetch, keep_payout, cause)


def keep_payout(session: Session, found: PayoutFound, _cause: Cause, now: datetime) -> None:
    """Applies a payout and the lines that were listed; a payout is the Stripe account's, whoever else uses it."""
    seen = found.payout
    payout = session.scalar(select(Payout).where(Payout.stripe_payout == seen.id).with_for_update(key_share=True))
    if payout is None:
        payout = Payout(stripe_payout=seen.id)
    was = payout.state or None
    payout.amount, payout.state, payout.automatic = seen.amount, seen.status, seen.automatic
    payout.transaction_id, payout.failure = seen.transaction, seen.failure
    payout.created_at, payout.arrives_at = seen.created_at, seen.arrives_at
    session.add(payout)
    session.flush()
    if found.lines:
        _keep_lines(session, payout, found.lines)
        payout.listed_at = now
    if seen.status == "failed" and was != "failed":
        notify_staff(session, "payout_failed", seen.id, now=now)


def payout_sums(session: Session, *, limit: int, before: Payout | None = None) -> list[PayoutSum]:
    """Lists payouts with what their lines add up to, newest first; the next page begins `before` the last one."""
    statement = _sums().order_by(Payout.created_at.desc(), Payout.id.desc()).limit(limit)
    if before is not None:
        same = and_(Payout.created_at == before.created_at, Payout.id < before.id)
        statement = statement.where((Payout.created_at < before.created_at) | same)
    return [_sum(row) for row in session.execute(statement)]


def payout_sum(session: Session, stripe_payout: str) -> PayoutSum | None:
    """Returns what the lines of one payout add up to; `None` if there is no such payout."""
    row = session.execute(_sums().where(Payout.stripe_payout == stripe_payout)).first()
    return None if row is None else _sum(row)


def _sums() -> Select[Payout, int, int, Any]:
    table = Movement.__table__.c
    of_line = and_(table.transaction_id == PayoutLine.transaction_id, table.source == "stripe")
    return (
        select(
            Payout,
            func.count(PayoutLine.transaction_id.distinct()).label("lines"),
            func.count(table.transaction_id.distinct()).label("known"),
            func.sum(table.amount_minor).label("total"),
        )
        .outerjoin(PayoutLine, PayoutLine.payout_id == Payout.id)
        .outerjoin(Movement, of_line)
        .group_by(Payout.id)
    )


def _sum(row: Row[Any]) -> PayoutSum:
    payout: Payout = row.Payout
    if not payout.automatic:
        return PayoutSum(payout, 0, None, "lines unknown at Stripe")
    if row.lines == 0 or row.known < row.lines:
        return PayoutSum(payout, row.lines, None, "not listed yet")
    total = Money(int(row.total), payout.amount.currency)
    return PayoutSum(payout, row.lines, total, "differs" if total.minor else "equal")


def _adds_up(mirror: Mirror, payout_id: str) -> bool:
    with mirror.database.session() as session:
        known = payout_sum(session, payout_id)
    return known is not None and known.verdict == "equal"


def _keep_lines(session: Session, payout: Payout, lines: Sequence[str]) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for start in range(0, len(lines), BATCH):
        rows = [{"transaction_id": line, "payout_id": payout.id} for line in lines[start : start + BATCH]]
        session.execute(insert(PayoutLine).on_conflict_do_nothing(), rows)
