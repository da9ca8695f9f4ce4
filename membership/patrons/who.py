"""Who stands how: reads the pledges, and the single gifts, that standing is a function of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, String, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.standing import NONE, Grant, PledgeFacts, Standing, standing
from membership.payments.models import Attempt, Payer, Payment
from membership.payments.states import GONE, KEPT

_payment, _tie = Payment.__table__.c, PledgePayment.__table__.c
_of_pledge = (_tie.pledge_id == Pledge.__table__.c.id, _tie.payment_id == _payment.id)
_is_disputed = exists().where(*_of_pledge, _payment.state == "disputed")
_account = Pledge.__table__.c.account_id


def _of_last(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(*_of_pledge, _payment.paid_at.is_not(None), _payment.amount_minor > 0)
        .order_by(_payment.paid_at.desc(), _payment.id.desc())
        .limit(1)
        .correlate(Pledge.__table__)
        .scalar_subquery()
    )


_last = _of_last(_payment.state)
# Its id and its state in one text, `17 paid`: looking for it twice takes seconds more for a hundred thousand pledges.
_last_told = _of_last(cast(_payment.id, String) + " " + _payment.state)
# True for a pledge that rests on nothing: a bank asks for one of its payments, or the one that came last is gone.
# An older one that was given back does not matter while newer ones stay; the next one that stays heals a lost dispute.
MONEY_IS_BACK = or_(_is_disputed, func.coalesce(_last, "").in_(GONE))

# The columns of a pledge that standing is a function of, besides its payments.
STANDS_BY: tuple[Any, ...] = (
    Pledge.stripe_status,
    Pledge.period_end_at,
    Pledge.grace_until,
    Pledge.cancel_at,
    Pledge.ended_at,
    Pledge.paused_since,
    Pledge.pause_kind,
    Pledge.paused_until,
    Pledge.moved_until,
    Pledge.why,
)


@dataclass(frozen=True)
class Donors:
    """Who may vote without a pledge: whoever gave once, from `since` on; until when that holds."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Entitled:
    """An account that may vote: how it stands, and the payment on which that rests, the last that came above 0."""

    account_id: int
    standing: Standing
    payment_id: int | None


# Told the column of an account's id, says of which accounts to ask.
Among = Callable[[ColumnElement[int]], ColumnElement[bool]]


def standing_of(session: Session, account_id: int, *, now: datetime) -> Standing:
    """Says how an account stands by its live pledge, else by the one that ended last; `none` without any."""
    row = _pledge_of(session, account_id)
    return NONE if row is None else standing(_from_row(row), now=now)


def entitled_one(session: Session, account_id: int, *, donors: Donors | None = None, now: datetime) -> Entitled | None:
    """Says as what an account may vote; `None` if it may not. `donors`: whether, and which, single gifts count."""
    row = _pledge_of(session, account_id)
    if row is not None and (stands := standing(_from_row(row), now=now)).may_vote:
        return Entitled(account_id, stands, _payment_id(row))
    gave = _gifts(session, donors, lambda account: account == account_id)
    return next(iter(gave.values()), None)


def entitled(
    session: Session, *, donors: Donors | None = None, among: Among | None = None, now: datetime
) -> dict[int, Entitled]:
    """Returns everyone who may vote at `now`, or those of them that `among` names, by account."""
    theirs = _facts().where(Pledge.live).order_by(Pledge.account_id)
    rows = session.execute(theirs if among is None else theirs.where(among(_account)))
    stood = ((row.account_id, standing(_from_row(row), now=now), _payment_id(row)) for row in rows)
    patrons = {each[0]: Entitled(*each) for each in stood if each[1].may_vote}
    return _gifts(session, donors, among) | patrons


def accounts_that_may_vote(session: Session, *, now: datetime) -> list[tuple[int, Standing]]:
    """Lists every account that may vote at `now` by its pledge, with its standing, by account."""
    return [(each.account_id, each.standing) for each in entitled(session, now=now).values()]


def _pledge_of(session: Session, account_id: int) -> Row[Any] | None:
    counts = or_(Pledge.why.is_(None), Pledge.why == "ended")
    theirs = _facts().where(Pledge.account_id == account_id, counts)
    return session.execute(theirs.order_by(Pledge.live.desc(), Pledge.started_at.desc()).limit(1)).first()


def _gifts(session: Session, donors: Donors | None, among: Among | None) -> dict[int, Entitled]:
    if donors is None:
        return {}
    given = (
        select(Payer.account_id, Payment.id)
        .join(Payer, Payer.id == Payment.payer_id)
        .join(Attempt, Attempt.id == Payment.attempt_id)
        .join(Account, Account.id == Payer.account_id)
        .where(
            Attempt.cadence == "once",
            Payment.state.in_(KEPT),
            _payment.amount_minor > 0,
            Payment.paid_at >= donors.since,
            Account.erased_at.is_(None),
        )
        .order_by(Payment.paid_at, Payment.id)
    )
    rows = session.execute(given if among is None else given.where(among(Payer.__table__.c.account_id)))
    stands = standing(None, [Grant("donor", donors.until)], now=donors.since)
    return {row.account_id: Entitled(row.account_id, stands, row.id) for row in rows}


def _facts() -> Select[Any]:
    return select(
        Pledge.account_id,
        *STANDS_BY,
        _last_told.label("last_told"),
        _is_disputed.label("is_disputed"),
    )


def _from_row(row: Row[Any]) -> PledgeFacts:
    return PledgeFacts(
        status=row.stripe_status,
        last_payment=row.last_told and row.last_told.partition(" ")[2],
        period_end_at=row.period_end_at,
        grace_until=row.grace_until,
        cancel_at=row.cancel_at,
        ended_at=row.ended_at,
        is_disputed=row.is_disputed,
        is_paused=row.paused_since is not None,
        pause_kind=row.pause_kind,
        paused_until=row.paused_until,
        moved_until=row.moved_until,
        why=row.why,
    )


def _payment_id(row: Row[Any]) -> int | None:
    return row.last_told and int(row.last_told.partition(" ")[0])
