"""Ending a pledge that is to count no more: the decision is a row, money goes back, Stripe is told by the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.outbox.rows import enqueue
from membership.patrons.models import Pledge, PledgeChange, PledgePayment
from membership.payments.models import Payment, Refund
from membership.payments.refunding import Asker, ask_refund, left_to_refund
from membership.payments.states import KEPT

DROPPED = "dropped"
RULE = Asker("rule")
# A subscription begins at Stripe a moment after its first charge.
BEFORE_IT_BEGAN = timedelta(days=1)


def drop(session: Session, pledge: Pledge, *, back_from: datetime, by: Asker, now: datetime) -> None:
    """Decides that a pledge ends at once; a worker cancels it at Stripe and voids what it still asks for.

    What it took after `back_from` is given back, and so is whatever it still takes until Stripe has heard.
    """
    pledge.live, pledge.why, pledge.duplicate_since = False, DROPPED, None
    pledge.gives_back_from = back_from
    session.flush()
    session.add(PledgeChange(pledge_id=pledge.id, at=now, what="counting", was=None, now=DROPPED, cause=by.kind))
    enqueue(session, "end_pledge", pledge.reference, {"pledge": pledge.reference}, now=now)
    give_back(session, pledge, by=by, now=now)


def let_go(session: Session, pledge: Pledge, *, now: datetime) -> None:
    """Ends the pledge of an account that is erased, at once; what it took was given, and is not given back."""
    pledge.live, pledge.why, pledge.duplicate_since = False, DROPPED, None
    pledge.card_brand = pledge.card_last4 = pledge.card_expires = None
    session.flush()
    session.add(PledgeChange(pledge_id=pledge.id, at=now, what="counting", was=None, now=DROPPED, cause="erasure"))
    enqueue(session, "end_pledge", pledge.reference, {"pledge": pledge.reference}, now=now)


def all_of(pledge: Pledge) -> datetime:
    """Returns from when on everything that a pledge took is given back."""
    return pledge.started_at - BEFORE_IT_BEGAN


def owing(session: Session) -> Sequence[Pledge]:
    """Lists dropped pledges of which something is still to be given back that nobody has been asked for yet.

    Such was with a bank when the pledge was dropped, and has come back to us.
    """
    asked_for = exists().where(Refund.payment_id == Payment.id)
    kept = (Payment.state.in_(KEPT), Payment.paid_at > Pledge.gives_back_from, ~asked_for)
    statement = (
        select(Pledge)
        .join(PledgePayment, PledgePayment.pledge_id == Pledge.id)
        .join(Payment, Payment.id == PledgePayment.payment_id)
        .where(Pledge.gives_back_from.is_not(None), *kept)
        .distinct()
        .order_by(Pledge.id)
    )
    return session.scalars(statement).all()


def give_back(session: Session, pledge: Pledge, *, by: Asker = RULE, now: datetime) -> None:
    """Asks for refunds of what a dropped pledge took and should not have; of another one, of nothing."""
    if pledge.gives_back_from is None:
        return
    taken = (
        select(Payment)
        .join(PledgePayment, PledgePayment.payment_id == Payment.id)
        .where(PledgePayment.pledge_id == pledge.id, Payment.paid_at > pledge.gives_back_from)
        .where(Payment.state.in_(KEPT))
        .order_by(Payment.id)
        .with_for_update(of=Payment, key_share=True)
    )
    for payment in session.scalars(taken, execution_options={"populate_existing": True}).all():
        left = left_to_refund(session, payment)
        if left.minor > 0:
            ask_refund(session, payment, left, reason="duplicate", note=None, asked_by=by, now=now)
