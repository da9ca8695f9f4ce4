"""A database in which everything is as it must be, one row of each kind, and a way to break a single rule of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import Base, Database, transaction
from membership.money import Money
from membership.outbox.rows import enqueue
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.invariants import violations
from membership.payments.models import (
    Attempt,
    CreditNote,
    CreditNoteCounter,
    Dispute,
    Movement,
    Payer,
    Payment,
    PaymentSource,
    PaymentState,
    Payout,
    PayoutLine,
    Receipt,
    ReceiptCounter,
    Refund,
    StripeEvent,
    StripeObject,
)
from membership.wiring import INVARIANTS

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3)
MONTH = timedelta(days=30)
FIVE = Money(500, "EUR")
# Payments by their reference: key, how each came to stand.
LIVES = {
    "once": ("paid",),
    "given-back": ("started", "paid", "partly_refunded"),
    "of-pledge": ("paid",),
    "disputed": ("paid", "disputed"),
    "tried": ("started",),
}


def plant_sound_rows(session: Session) -> None:
    """Plants a donation, a refund in part, a pledge, a dispute, a try, and a payout of it all."""
    session.add(Account(id=1, reference="olena", email="a@b.org", email_key="a@b.org", language="en", created_at=NOW))
    session.flush()
    session.add(Payer(id=1, reference="payer", account_id=1, email="a@b.org", created_at=LONG_AGO))
    session.flush()
    for number, (reference, steps) in enumerate(LIVES.items(), start=1):
        _plant_payment(session, number, reference, steps)
    session.add(ReceiptCounter(year=2026, last=4))
    _plant_money_back(session)
    _plant_pledge(session)
    _plant_payout(session)
    session.add(_row(StripeEvent, id="evt_1", state="waiting", next_try_at=NOW, created_at=NOW, received_at=NOW))
    session.add(_row(StripeEvent, id="evt_2", state="dead", reason="never", created_at=NOW, received_at=NOW))
    session.add(StripeObject(id="pi_1", kind="payment", wanted=2, applied=2))


def _row(model: Any, **values: Any) -> Any:
    return model(type="x", livemode=False, tries=1, **values)


def _plant_payment(session: Session, number: int, reference: str, steps: tuple[str, ...]) -> None:
    is_paid = "paid" in steps
    attempt = Attempt(
        id=number,
        reference=f"attempt-{reference}",
        token_hash=f"token-{number}",
        revision=1,
        cadence="once",
        amount=FIVE,
        tries=0,
        state="paid" if is_paid else "open",
        language="en",
        created_at=LONG_AGO,
        expires_at=LONG_AGO,
    )
    session.add(attempt)
    session.flush()
    payment = Payment(
        id=number,
        reference=reference,
        attempt_id=number,
        payer_id=1,
        source="stripe",
        payment_intent=f"pi_{number}",
        amount=FIVE,
        state=steps[-1],
        paid_at=LONG_AGO if is_paid else None,
        created_at=LONG_AGO,
    )
    session.add(payment)
    session.flush()
    for was, now in zip((None, *steps), steps, strict=False):
        session.add(PaymentState(payment_id=number, was=was, now=now, at=LONG_AGO, cause_kind="event"))
        session.flush()
    if is_paid:
        session.add(PaymentSource(source_id=f"ch_{number}", payment_id=number))
        session.add(Receipt(year=2026, number=number, payment_id=number, issued_at=LONG_AGO))
        plant_lines(session, f"txn_{number}", "charge", f"ch_{number}", 500, 35)


def plant_lines(session: Session, transaction_id: str, kind: str, source_id: str, gross: int, fee: int) -> None:
    """Plants the lines of one balance transaction, in cents."""
    for part, minor in (("gross", gross), ("fee", -fee)):
        if minor:
            session.add(
                Movement(
                    source="stripe",
                    transaction_id=transaction_id,
                    part=part,
                    kind=kind,
                    source_id=source_id,
                    amount=Money(minor, "EUR"),
                    occurred_at=LONG_AGO,
                    available_at=LONG_AGO,
                )
            )


def _plant_money_back(session: Session) -> None:
    for number, state, stripe_refund in ((1, "succeeded", "re_1"), (2, "asked", None)):
        refund = Refund(
            id=number,
            reference=f"refund-{state}",
            payment_id=2,
            stripe_refund=stripe_refund,
            amount=Money(100, "EUR"),
            state=state,
            asked_by_kind="staff",
            tries=0,
            created_at=LONG_AGO,
        )
        session.add(refund)
    session.flush()
    session.add(CreditNote(year=2026, number=1, refund_id=1, issued_at=LONG_AGO))
    session.add(CreditNoteCounter(year=2026, last=1))
    session.add(PaymentSource(source_id="re_1", payment_id=2))
    plant_lines(session, "txn_back", "refund", "re_1", -100, 0)
    enqueue(session, "refund", "refund-asked", {}, now=LONG_AGO)
    session.add(Dispute(stripe_dispute="dp_1", payment_id=4, state="needs_response", amount=FIVE, opened_at=LONG_AGO))


def _plant_pledge(session: Session) -> None:
    session.add(
        Pledge(
            id=1,
            reference="pledge",
            account_id=1,
            payer_id=1,
            subscription="sub_1",
            cadence="month",
            amount=FIVE,
            stripe_status="active",
            started_at=LONG_AGO,
            period_end_at=LONG_AGO + MONTH,
            live=True,
        )
    )
    session.flush()
    session.add(PledgePayment(payment_id=3, pledge_id=1, period_start=LONG_AGO, period_end=LONG_AGO + MONTH))


def _plant_payout(session: Session) -> None:
    session.add(
        Payout(
            id=1,
            stripe_payout="po_1",
            amount=Money(465, "EUR"),
            state="paid",
            automatic=True,
            created_at=LONG_AGO,
            arrives_at=LONG_AGO,
        )
    )
    session.flush()
    plant_lines(session, "txn_out", "payout", "po_1", -465, 0)
    for line in ("txn_1", "txn_out"):
        session.add(PayoutLine(transaction_id=line, payout_id=1))


class _Enough(Exception):  # noqa: N818 - ends a transaction that nobody wants to keep
    pass


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """Opens a transaction and takes all that is done in it back at the end."""
    with database.session() as session:
        try:
            with transaction(session):
                yield session
                raise _Enough
        except _Enough:
            pass


def broken_by(database: Database, *statements: str) -> list[tuple[str, tuple[str, ...]]]:
    """Says which invariants do not hold after these statements, and which rows each names; keeps nothing of it."""
    with undone(database) as session:
        for statement in statements:
            session.execute(text(statement))
        return [(each.name, each.references) for each in violations(session, INVARIANTS, now=NOW)]


def take_rules_away(database: Database) -> None:
    """Leaves the rows and takes away whatever keeps them in order: what is unique, checked, refers or refuses."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            for catalogue in (_TRIGGERS, _CONSTRAINTS, _INDEXES):
                for statement in connection.scalars(text(catalogue)).all():
                    connection.execute(text(statement))
            return
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        # Triggers speak of tables that are gone for a moment; the rename must not look at them.
        connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
        for table in Base.metadata.tables:
            connection.exec_driver_sql(f"CREATE TABLE unruly AS SELECT * FROM {table}")  # noqa: S608 - names of our own
            connection.exec_driver_sql(f"DROP TABLE {table}")
            connection.exec_driver_sql(f"ALTER TABLE unruly RENAME TO {table}")


_TRIGGERS = """
SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
"""
_CONSTRAINTS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname) FROM pg_constraint
WHERE contype IN ('u', 'c', 'f', 'p') AND connamespace = 'public'::regnamespace
"""
_INDEXES = """
SELECT format('DROP INDEX %I', indexname) FROM pg_indexes
WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE INDEX%WHERE%'
"""
