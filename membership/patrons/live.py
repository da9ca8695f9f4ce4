"""Which of an account's pledges is live: one at most, and what becomes of the others."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import locked
from membership.money import Money
from membership.outbox.rows import enqueue
from membership.patrons.dropping import DROPPED, RULE, drop
from membership.patrons.models import Pledge, PledgeChange, PledgePayment
from membership.patrons.standing import GIVES_STANDING, IN_GRACE
from membership.payments.models import Payment
from membership.payments.states import KEPT

# The older one had failed or was ending, so the newer took its place without a question.
REPLACED = "replaced"


def settle_live(session: Session, account_id: int, *, now: datetime) -> None:
    """Decides, under the account's lock, which pledge is live. The rest say why not.

    The oldest healthy one that was paid, else one that still gives standing, else any that goes on. An older one that
    fails, is paused or ends gives way to a newer one that was paid, and is ended; beside a healthy one the newer is a
    duplicate, and its owner is asked which one was meant (docs/design.md, 3).
    """
    locked(session, Account, account_id)
    settle_held(session, account_id, now=now)


def settle_held(session: Session, account_id: int, *, now: datetime) -> None:
    """Decides as `settle_live` does, for a caller who has the account's lock."""
    session.flush()
    going_on = [each for each in _pledges(session, account_id) if _goes_on(each)]
    paid = _paid(session, going_on)
    going_on.sort(key=lambda each: _rank(each, is_paid=each.id in paid, now=now))
    for each in going_on[1:]:
        each.live, each.why = False, "duplicate"
    # The index knows one live pledge: the others must have stepped aside before one steps forward.
    session.flush()
    for first in going_on[:1]:
        first.live, first.why = True, None
        session.flush()
        _settle_rest(session, first, going_on[1:], paid, now=now)


def is_healthy(pledge: Pledge) -> bool:
    """Says whether a pledge goes on being charged, as far as Stripe has told."""
    is_going_on = pledge.ended_at is None and pledge.cancel_at is None and pledge.paused_since is None
    return is_going_on and pledge.stripe_status in GIVES_STANDING


def _pledges(session: Session, account_id: int) -> Sequence[Pledge]:
    # Read anew: whoever had the account's lock before may have settled them.
    theirs = select(Pledge).where(Pledge.account_id == account_id).order_by(Pledge.started_at, Pledge.id)
    return session.scalars(theirs, execution_options={"populate_existing": True}).all()


def _goes_on(pledge: Pledge) -> bool:
    if pledge.why == DROPPED:
        return False
    if pledge.ended_at is not None:
        pledge.live, pledge.why, pledge.duplicate_since = False, "ended", None
        return False
    return True


def _paid(session: Session, pledges: Sequence[Pledge]) -> frozenset[int]:
    if len(pledges) < 2:
        # It only decides between them, and nearly everybody has one.
        return frozenset()
    statement = (
        select(PledgePayment.pledge_id)
        .join(Payment, Payment.id == PledgePayment.payment_id)
        .where(PledgePayment.pledge_id.in_([each.id for each in pledges]), Payment.state.in_(KEPT))
        .where(Payment.__table__.c.amount_minor > 0)
    )
    return frozenset(session.scalars(statement))


def _rank(pledge: Pledge, *, is_paid: bool, now: datetime) -> int:
    if is_paid and is_healthy(pledge):
        return 0
    is_in_grace = pledge.stripe_status in IN_GRACE and pledge.grace_until is not None and now < pledge.grace_until
    if is_paid and (pledge.stripe_status in GIVES_STANDING or is_in_grace):
        return 1
    return 2 if is_healthy(pledge) else 3


def _settle_rest(
    session: Session, first: Pledge, rest: Sequence[Pledge], paid: frozenset[int], *, now: datetime
) -> None:
    first.duplicate_since = None
    for each in rest:
        is_older = (each.started_at, each.id) < (first.started_at, first.id)
        if is_older and first.id in paid and is_healthy(first) and not is_healthy(each):
            drop(session, each, back_from=first.started_at, by=RULE, now=now)
            tell(session, first, REPLACED, cause=RULE.kind, now=now)
        elif each.id in paid and is_healthy(each) and each.duplicate_since is None:
            each.duplicate_since = now
            asked = {"pledge": each.reference}
            enqueue(session, "duplicate_choice", f"{each.reference}:{now:%Y%m%dT%H%M%S}", asked, now=now)


def tell(
    session: Session, newer: Pledge, choice: str, *, together: Money | None = None, cause: str, now: datetime
) -> None:
    """Keeps what became of a second pledge (`together`: the sum, if both were meant), and writes to its owner."""
    raised = f"{together.minor} {together.currency}" if together else None
    session.add(PledgeChange(pledge_id=newer.id, at=now, what="duplicate", was=raised, now=choice, cause=cause))
    enqueue(session, "duplicate_settled", newer.reference, {"pledge": newer.reference}, now=now)
