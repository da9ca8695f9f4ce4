"""Who stands how: reads the pledges that standing is a function of."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.standing import NONE, PledgeFacts, Standing, standing
from membership.payments.models import Payment
from membership.payments.states import KEPT, PAID

_payment, _tie = Payment.__table__.c, PledgePayment.__table__.c
_of_pledge = (_tie.pledge_id == Pledge.__table__.c.id, _tie.payment_id == _payment.id)
_is_disputed = exists().where(*_of_pledge, _payment.state == "disputed")
_last = (
    select(_payment.state)
    .where(*_of_pledge, _payment.paid_at.is_not(None), _payment.amount_minor > 0)
    .order_by(_payment.paid_at.desc(), _payment.id.desc())
    .limit(1)
    .correlate(Pledge.__table__)
    .scalar_subquery()
)
# True for a pledge that rests on nothing: a bank asks for one of its payments, or the one that came last is gone.
# An older one that was given back does not matter while newer ones stay; the next one that stays heals a lost dispute.
MONEY_IS_BACK = or_(_is_disputed, func.coalesce(_last, "").in_(set(PAID) - set(KEPT)))

_ASKED: tuple[Any, ...] = (
    Pledge.account_id,
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


def standing_of(session: Session, account_id: int, *, now: datetime) -> Standing:
    """Says how an account stands by its live pledge, else by the one that ended last; `none` without any."""
    counts = or_(Pledge.why.is_(None), Pledge.why == "ended")
    theirs = _facts().where(Pledge.account_id == account_id, counts)
    row = session.execute(theirs.order_by(Pledge.live.desc(), Pledge.started_at.desc()).limit(1)).first()
    return NONE if row is None else standing(_from_row(row), now=now)


def accounts_that_may_vote(session: Session, *, now: datetime) -> list[tuple[int, Standing]]:
    """Lists every account that may vote at `now`, with its standing, by account."""
    rows = session.execute(_facts().where(Pledge.live).order_by(Pledge.account_id))
    found = ((row.account_id, standing(_from_row(row), now=now)) for row in rows)
    return [(account_id, stands) for account_id, stands in found if stands.may_vote]


def _facts() -> Select[Any]:
    return select(*_ASKED, _last.label("last_payment"), _is_disputed.label("is_disputed"))


def _from_row(row: Row[Any]) -> PledgeFacts:
    return PledgeFacts(
        status=row.stripe_status,
        last_payment=row.last_payment,
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
