"""Who carries the newsroom: patrons that pay, and those that came or went within a month. Counts, never names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from membership.dashboard.month import Span
from membership.money import Money
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.standing import GIVES_STANDING, IN_GRACE, SKIP
from membership.patrons.who import MONEY_IS_BACK
from membership.payments.models import Payment

MOST_ROWS = 20

_PLEDGES = Pledge.__table__
_PAYMENTS = Payment.__table__
_TIES = PledgePayment.__table__
_pledge = _PLEDGES.c


@dataclass(frozen=True)
class Promise:
    """How many paying patrons promise the same amount in the same rhythm."""

    cadence: str
    amount: Money
    count: int


@dataclass(frozen=True)
class PledgeRow:
    """A pledge that came or went, and when."""

    at: datetime
    cadence: str
    amount: Money


@dataclass(frozen=True)
class Counted:
    """How many there are, and the newest of them."""

    count: int
    rows: tuple[PledgeRow, ...]


def promises(session: Session, *, now: datetime) -> tuple[Promise, ...]:
    """Groups the live pledges of paying patrons by what they promise.

    Grace and skipped charges are included, pauses and past ends excluded.
    """
    promised = (_pledge.currency, _pledge.cadence, _pledge.amount_minor)
    statement = select(*promised, func.count().label("number")).where(is_paying(now)).group_by(*promised)
    rows = session.execute(statement.order_by(*promised))
    return tuple(Promise(row.cadence, Money(row.amount_minor, row.currency), row.number) for row in rows)


def came(session: Session, month: Span) -> Counted:
    """Counts pledges whose first payment succeeded in the month.

    A pledge begun while an older one of the account went on is a duplicate and brings no patron.
    """
    first = _PAYMENTS.alias("first")
    statement = (
        _newest_first(first.c.paid_at)
        .join(_TIES, _TIES.c.pledge_id == _pledge.id)
        .join(first, first.c.id == _TIES.c.payment_id)
        .where(_within(first.c.paid_at, month), first.c.amount_minor > 0)
        .where(~_paid_before(first), ~_begun_beside_another())
    )
    return _counted(session, statement)


def went(session: Session, month: Span) -> Counted:
    """Counts pledges that had been paid and ended in the month.

    If another pledge of the account went on, a duplicate was settled and no patron is lost.
    """
    statement = _newest_first(_pledge.ended_at).where(_within(_pledge.ended_at, month))
    return _counted(session, statement.where(_has_paid(), ~_outlived_by_another()))


def is_paying(now: datetime) -> ColumnElement[bool]:
    """Says under which condition a pledge makes a paying patron: patrons' `standing`, asked of all rows at once."""
    goes_on = or_(_pledge.cancel_at.is_(None), _pledge.cancel_at > now)
    not_over = or_(_pledge.ended_at.is_(None), _pledge.ended_at > now)
    in_grace = and_(_pledge.stripe_status.in_(IN_GRACE), _pledge.grace_until > now)
    skips = and_(_is_skipping(now), _pledge.stripe_status == "past_due", _pledge.cancel_at.is_(None))
    in_force = or_(_pledge.stripe_status.in_(GIVES_STANDING), in_grace, skips)
    takes_money = or_(~_is_paused(now), _is_skipping(now))
    return and_(_pledge.live, _has_paid(), ~MONEY_IS_BACK, goes_on, not_over, takes_money, in_force)


def _is_paused(now: datetime) -> ColumnElement[bool]:
    lasts = or_(_pledge.paused_until.is_(None), _pledge.paused_until > now)
    return and_(_pledge.paused_since.is_not(None), lasts)


def _is_skipping(now: datetime) -> ColumnElement[bool]:
    # Without values that may be NULL in a row, so that its contrary is true as well.
    is_skip = func.coalesce(_pledge.pause_kind, "") == SKIP
    return and_(
        is_skip, _pledge.paused_since.is_not(None), _pledge.paused_until.is_not(None), _pledge.paused_until > now
    )


def _has_paid() -> ColumnElement[bool]:
    paid, tie = _PAYMENTS.alias("paid"), _TIES.alias("tie")
    return exists().where(
        tie.c.pledge_id == _pledge.id,
        tie.c.payment_id == paid.c.id,
        paid.c.paid_at.is_not(None),
        paid.c.amount_minor > 0,
    )


def _paid_before(payment: FromClause) -> ColumnElement[bool]:
    earlier, tie = _PAYMENTS.alias("earlier"), _TIES.alias("tie")
    same_moment = and_(earlier.c.paid_at == payment.c.paid_at, earlier.c.id < payment.c.id)
    return exists().where(
        tie.c.pledge_id == _pledge.id,
        tie.c.payment_id == earlier.c.id,
        earlier.c.amount_minor > 0,
        or_(earlier.c.paid_at < payment.c.paid_at, same_moment),
    )


def _begun_beside_another() -> ColumnElement[bool]:
    other = _PLEDGES.alias("other")
    same_moment = and_(other.c.started_at == _pledge.started_at, other.c.id < _pledge.id)
    return exists().where(
        other.c.account_id == _pledge.account_id,
        or_(other.c.started_at < _pledge.started_at, same_moment),
        or_(other.c.ended_at.is_(None), other.c.ended_at > _pledge.started_at),
    )


def _outlived_by_another() -> ColumnElement[bool]:
    other = _PLEDGES.alias("other")
    same_moment = and_(other.c.ended_at == _pledge.ended_at, other.c.id > _pledge.id)
    return exists().where(
        other.c.account_id == _pledge.account_id,
        other.c.started_at < _pledge.ended_at,
        or_(other.c.ended_at.is_(None), other.c.ended_at > _pledge.ended_at, same_moment),
    )


def _within(moment: ColumnElement[Any], month: Span) -> ColumnElement[bool]:
    return and_(moment >= month.starts_at, moment < month.ends_at)


def _newest_first(moment: ColumnElement[Any]) -> Select[Any]:
    columns = (moment.label("at"), _pledge.cadence, _pledge.amount_minor, _pledge.currency)
    statement = select(*columns, func.count().over().label("number")).select_from(_PLEDGES)
    return statement.order_by(moment.desc(), _pledge.id.desc())


def _counted(session: Session, statement: Select[Any]) -> Counted:
    rows = session.execute(statement.limit(MOST_ROWS)).all()
    return Counted(rows[0].number if rows else 0, tuple(_from_row(row) for row in rows))


def _from_row(row: Row[Any]) -> PledgeRow:
    return PledgeRow(row.at, row.cadence, Money(row.amount_minor, row.currency))
