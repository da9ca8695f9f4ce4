"""The money of a month: what the ledger says moved, for each settled currency, ours apart from what is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from membership.dashboard.month import Span
from membership.money import Money
from membership.payments.export import DISPUTES, REFUNDS
from membership.payments.models import Movement, PaymentSource


@dataclass(frozen=True)
class Lines:
    """Movements of one kind and currency: how many balance transactions, and their sums, signed as Stripe signs."""

    kind: str
    count: int
    gross: Money
    fee: Money
    is_ours: bool

    @property
    def net(self) -> Money:
        return Money(self.gross.minor + self.fee.minor, self.gross.currency)

    @property
    def gives_back(self) -> bool:
        return self.kind in (*REFUNDS, *DISPUTES)


@dataclass(frozen=True)
class CurrencyMonth:
    """One currency's month. gross - fees - given back = net."""

    gross: Money
    fees: Money
    given_back: Money
    net: Money


@dataclass(frozen=True)
class MonthMoney:
    """A month by currency; `ours` are the lines behind it, `foreign` those that belong to no payment of ours."""

    currencies: tuple[CurrencyMonth, ...]
    ours: tuple[Lines, ...]
    foreign: tuple[Lines, ...]


def money_of(session: Session, month: Span) -> MonthMoney:
    """Adds up the movements that occurred in the month. A movement is ours if its source is one of a payment's."""
    lines = [_from_row(row) for row in session.execute(_statement(month))]
    ours = tuple(each for each in lines if each.is_ours)
    return MonthMoney(
        currencies=tuple(_total(currency, ours) for currency in sorted({each.gross.currency for each in ours})),
        ours=ours,
        foreign=tuple(each for each in lines if not each.is_ours),
    )


def nothing(currency: str) -> CurrencyMonth:
    """A month in which nothing moved."""
    return _total(currency, ())


def _statement(month: Span) -> Any:
    table = Movement.__table__.c
    is_ours = PaymentSource.source_id.is_not(None)

    def total(part: str) -> Any:
        return func.coalesce(func.sum(table.amount_minor).filter(table.part == part), 0)

    return (
        select(
            table.currency,
            table.kind,
            is_ours.label("is_ours"),
            func.count().filter(table.part == "gross").label("number"),
            total("gross").label("gross"),
            total("fee").label("fee"),
        )
        .outerjoin(PaymentSource, PaymentSource.source_id == table.source_id)
        .where(table.occurred_at >= month.starts_at, table.occurred_at < month.ends_at)
        .group_by(table.currency, table.kind, is_ours)
        .order_by(table.currency, table.kind)
    )


def _from_row(row: Row[Any]) -> Lines:
    return Lines(
        kind=row.kind,
        count=row.number,
        gross=Money(int(row.gross), row.currency),
        fee=Money(int(row.fee), row.currency),
        is_ours=row.is_ours,
    )


def _total(currency: str, lines: Sequence[Lines]) -> CurrencyMonth:
    lines = [each for each in lines if each.gross.currency == currency]
    gross = sum(each.gross.minor for each in lines if not each.gives_back)
    fees = -sum(each.fee.minor for each in lines)
    given_back = -sum(each.gross.minor for each in lines if each.gives_back)
    return CurrencyMonth(
        gross=Money(gross, currency),
        fees=Money(fees, currency),
        given_back=Money(given_back, currency),
        net=Money(gross - fees - given_back, currency),
    )
