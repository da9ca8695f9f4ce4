"""Who stands how: reads the pledges that standing is a function of."""

from datetime import datetime

from sqlalchemy import Row, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.standing import NONE, PledgeFacts, Standing, standing
from membership.payments.models import Payment
from membership.payments.states import KEPT, PAID

_Columns = tuple[int, str, bool, datetime, datetime | None, datetime | None, datetime | None, bool]

# Whatever became of it later: a pledge whose money went back was paid once, and is not waiting for its first.
_HAS_PAID = (
    exists()
    .where(
        PledgePayment.pledge_id == Pledge.id,
        PledgePayment.payment_id == Payment.id,
        Payment.paid_at.is_not(None),
        Payment.__table__.c.amount_minor > 0,
    )
    .label("has_paid")
)

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


def standing_of(session: Session, account_id: int, *, now: datetime) -> Standing:
    """Says how an account stands; `none` if it has no live pledge."""
    row = session.execute(_facts().where(Pledge.account_id == account_id)).first()
    return NONE if row is None else standing(_from_row(row), now=now)


def accounts_that_may_vote(session: Session, *, now: datetime) -> list[tuple[int, Standing]]:
    """Lists every account that may vote at `now`, with its standing, by account."""
    rows = session.execute(_facts().order_by(Pledge.account_id))
    found = ((row.account_id, standing(_from_row(row), now=now)) for row in rows)
    return [(account_id, stands) for account_id, stands in found if stands.may_vote]


def _facts() -> Select[*_Columns]:
    return select(
        Pledge.account_id,
        Pledge.stripe_status,
        _HAS_PAID,
        Pledge.period_end_at,
        Pledge.grace_until,
        Pledge.cancel_at,
        Pledge.ended_at,
        MONEY_IS_BACK.label("money_back"),
    ).where(Pledge.live)


def _from_row(row: Row[*_Columns]) -> PledgeFacts:
    return PledgeFacts(
        status=row.stripe_status,
        has_paid=row.has_paid,
        period_end_at=row.period_end_at,
        grace_until=row.grace_until,
        cancel_at=row.cancel_at,
        ended_at=row.ended_at,
        money_back=row.money_back,
    )
