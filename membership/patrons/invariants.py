"""What must always be true of pledges and of the payments that are tied to them."""

from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import aliased

from membership.accounts.models import Account
from membership.patrons.dropping import DROPPED
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.standing import IN_GRACE, OVER
from membership.payments.invariants import Invariant
from membership.payments.models import Payer, Payment
from membership.payments.states import KEPT

_pledges, _payments = Pledge.__table__.c, Payment.__table__.c
_goes_on = Pledge.ended_at.is_(None) & (Pledge.why.is_(None) | (Pledge.why != DROPPED))


def _two_live() -> Select[Any]:
    other = aliased(Pledge)
    same = (other.account_id == Pledge.account_id, other.id != Pledge.id, other.live)
    return select(Pledge.reference).where(Pledge.live, exists().where(*same))


def _none_live() -> Select[Any]:
    goes_on = exists().where(Pledge.account_id == Account.id, _goes_on)
    is_live = exists().where(Pledge.account_id == Account.id, Pledge.live)
    return select(Account.reference).where(goes_on, ~is_live)


def _of_others() -> Select[Any]:
    by_others = (
        Payer.account_id.is_distinct_from(Pledge.account_id),
        Payment.payer_id.is_distinct_from(Pledge.payer_id),
    )
    return _tied().join(Payer, Payer.id == Payment.payer_id, isouter=True).where(*by_others)


def _paid_twice() -> Select[Any]:
    """Selects payments of a period for which another one was kept too: somebody was charged twice."""
    # Counted in one pass: to look for each payment's like takes a second more for half a million.
    period = (PledgePayment.pledge_id, PledgePayment.period_start)
    kept = select(*period).join(Payment, Payment.id == PledgePayment.payment_id).where(Payment.state.in_(KEPT))
    twice = kept.group_by(*period).having(func.count() > 1).subquery()
    same = (twice.c.pledge_id == PledgePayment.pledge_id) & (twice.c.period_start == PledgePayment.period_start)
    return _tied().join(twice, same).where(Payment.state.in_(KEPT))


def _tied() -> Select[Any]:
    return (
        select(Payment.reference)
        .join(PledgePayment, PledgePayment.payment_id == Payment.id)
        .join(Pledge, Pledge.id == PledgePayment.pledge_id)
    )


PLEDGES = (
    Invariant("one_live_pledge", "An account has one live pledge at most.", _two_live()),
    Invariant("a_pledge_counts", "Of an account whose pledges go on, one is live.", _none_live()),
    Invariant(
        "live_has_not_ended",
        "A pledge that is live has not ended.",
        select(Pledge.reference).where(Pledge.live, Pledge.ended_at.is_not(None)),
    ),
    Invariant(
        "why_not_live",
        "A pledge says why it does not count exactly if it does not.",
        select(Pledge.reference).where(Pledge.live == Pledge.why.is_not(None)),
    ),
    Invariant(
        "ended_with_subscription",
        "A pledge has ended exactly if its subscription is over.",
        select(Pledge.reference).where(Pledge.stripe_status.in_(OVER) == Pledge.ended_at.is_(None)),
    ),
    Invariant(
        "grace_while_past_due",
        "A pledge is in grace only while a renewal is past due or unpaid.",
        select(Pledge.reference).where(Pledge.grace_until.is_not(None), Pledge.stripe_status.not_in(IN_GRACE)),
    ),
    Invariant(
        "pledge_paid_by_its_payer",
        "A pledge is paid by its own payer, or by one of the same account.",
        _of_others(),
    ),
    Invariant(
        "pledge_paid_in_its_currency",
        "A pledge is paid in its own currency.",
        _tied().where(_payments.currency != _pledges.currency),
    ),
    Invariant("period_paid_once", "A period of a pledge is paid once.", _paid_twice()),
    Invariant(
        "period_has_length",
        "The period that a payment pays for ends after it begins.",
        _tied().where(PledgePayment.period_end <= PledgePayment.period_start),
    ),
)
