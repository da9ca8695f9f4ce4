"""A mirror of a whole Stripe account, written in bulk from its lists, with gaps in it on purpose."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import Base, transaction
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.gateway import Gateway
from membership.payments.ledger import collect_movements
from membership.payments.models import (
    Attempt,
    Payer,
    Payment,
    PaymentSource,
    PaymentState,
    Payout,
    Receipt,
    ReceiptCounter,
)
from membership.payments.records import Charge, Subscription
from membership.wiring import Seams

BATCH = 1000
Row = dict[str, Any]


def mirror(seams: Seams, *, leave_out: int) -> int:
    """Writes rows for all that Stripe lists, but for every so many payments that are left out; returns how many
    payments there are at Stripe.
    """
    gateway = seams.gateway
    with seams.database.session() as session, transaction(session):
        subscriptions = list(gateway.subscriptions(None))
        insert_all(session, Attempt, _attempts(gateway, seams.clock.now()))
        insert_all(session, Account, (_account(number, each) for number, each in enumerate(subscriptions, 1)))
        insert_all(session, Payer, (_payer(number, each) for number, each in enumerate(subscriptions, 1)))
        insert_all(session, Pledge, (_pledge(number, each) for number, each in enumerate(subscriptions, 1)))
        pledges = {each.id: number for number, each in enumerate(subscriptions, 1)}
        count = _payments(session, gateway, pledges, leave_out=leave_out)
        insert_all(session, Payout, (_payout(each) for each in gateway.payouts(None)))
    collect_movements(seams.database, gateway, most_back=10_000_000)
    seams.database.analyze()
    return count


def _payments(session: Session, gateway: Gateway, pledges: Mapping[str, int], *, leave_out: int) -> int:
    periods = {
        intent: (pledges[str(invoice.subscription)], invoice.period_start, invoice.period_end)
        for invoice in gateway.invoices(None)
        for intent in invoice.intents
    }
    charges = [charge for charge in gateway.charges(None) if charge.status == "succeeded"]
    every = max(len(charges) // leave_out, 1)
    kept = [
        (number, charge) for number, charge in enumerate(charges, 1) if number % every or number > every * leave_out
    ]
    insert_all(session, Payment, (_payment(number, charge, periods[str(charge.intent)][0]) for number, charge in kept))
    insert_all(session, PaymentSource, ({"source_id": charge.id, "payment_id": number} for number, charge in kept))
    insert_all(session, PaymentState, (_state(number, charge) for number, charge in kept))
    insert_all(session, Receipt, _receipts(kept))
    last: dict[int, int] = {}
    for _, charge in kept:
        last[charge.created_at.year] = last.get(charge.created_at.year, 0) + 1
    insert_all(session, ReceiptCounter, ({"year": year, "last": number} for year, number in last.items()))
    insert_all(session, PledgePayment, (_period(number, periods[str(charge.intent)]) for number, charge in kept))
    return len(charges)


def _attempts(gateway: Gateway, now: datetime) -> Iterator[Row]:
    for checkout in gateway.checkouts(None):
        yield {
            "reference": checkout.tags.attempt,
            "token_hash": checkout.id,
            "revision": 1,
            "cadence": "month",
            "amount_minor": 500,
            "currency": "EUR",
            "checkout_id": checkout.id,
            "language": "en",
            "tries": 1,
            "state": "paid",
            "created_at": now,
            "expires_at": now,
        }


def _account(number: int, seen: Subscription) -> Row:
    email = f"{number}.{seen.email}"
    made = {"id": number, "reference": str(uuid4()), "created_at": seen.started_at}
    return made | {"email": email, "email_key": email, "language": "en", "link_version": 1}


def _payer(number: int, seen: Subscription) -> Row:
    made = {"id": number, "reference": str(uuid4()), "created_at": seen.started_at}
    return made | {"account_id": number, "email": seen.email, "email_key": seen.email, "stripe_customer": seen.customer}


def _pledge(number: int, seen: Subscription) -> Row:
    return {
        "id": number,
        "reference": str(uuid4()),
        "account_id": number,
        "payer_id": number,
        "subscription": seen.id,
        "cadence": seen.interval,
        "amount_minor": seen.amount.minor,
        "currency": seen.amount.currency,
        "stripe_status": seen.status,
        "started_at": seen.started_at,
        "cancel_at": seen.cancel_at,
        "period_end_at": seen.period_end_at,
        "card_brand": seen.card_brand,
        "card_last4": seen.card_last4,
        "live": True,
    }


def _payment(number: int, charge: Charge, payer_id: int) -> Row:
    return {
        "id": number,
        "reference": str(uuid4()),
        "payer_id": payer_id,
        "source": "stripe",
        "payment_intent": charge.intent,
        "amount_minor": charge.amount.minor if charge.amount else 0,
        "currency": charge.amount.currency if charge.amount else "EUR",
        "state": "paid",
        "paid_at": charge.created_at,
        "created_at": charge.created_at,
    }


def _state(number: int, charge: Charge) -> Row:
    return {"payment_id": number, "now": "paid", "at": charge.created_at, "cause_kind": "event"}


def _receipts(kept: Iterable[tuple[int, Charge]]) -> Iterator[Row]:
    last: dict[int, int] = {}
    for number, charge in kept:
        year = charge.created_at.year
        last[year] = last.get(year, 0) + 1
        yield {"year": year, "number": last[year], "payment_id": number, "issued_at": charge.created_at}


def _period(number: int, period: tuple[int, datetime, datetime]) -> Row:
    return {"payment_id": number, "pledge_id": period[0], "period_start": period[1], "period_end": period[2]}


def _payout(seen: Any) -> Row:
    return {
        "stripe_payout": seen.id,
        "amount_minor": seen.amount.minor,
        "currency": seen.amount.currency,
        "state": seen.status,
        "automatic": seen.automatic,
        "transaction_id": seen.transaction,
        "created_at": seen.created_at,
        "arrives_at": seen.arrives_at,
    }


def insert_all(session: Session, model: type[Base], rows: Iterable[Row]) -> None:
    """Inserts many rows of a table, a thousand at a time; rows that come later are numbered on from there."""
    waiting, has_numbers = iter(rows), False
    while batch := list(islice(waiting, BATCH)):
        has_numbers |= "id" in batch[0]
        session.execute(insert(model.__table__), batch)  # type: ignore[arg-type]  # a Table, which mypy sees as FromClause
    if has_numbers and session.get_bind().dialect.name == "postgresql":
        table = model.__table__.name  # type: ignore[attr-defined]  # the same
        last = select(func.max(model.__table__.c.id)).scalar_subquery()
        session.execute(select(func.setval(func.pg_get_serial_sequence(table, "id"), last)))
