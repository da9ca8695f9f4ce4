"""Barring from a roll before the close: the payment behind an entry went back; and the way back, if it comes again."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from membership.db import locked
from membership.outbox.rows import put_off
from membership.outbox.waiting import call_off
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.models import Payer, Payment
from membership.payments.states import GONE
from membership.topics.ballots import letter_due_at
from membership.topics.models import OpenBallot, RollEntry, Round
from membership.topics.roll import may_vote_now
from membership.topics.saving import RECEIPT_LETTER

# Why money takes a vote with it; who is barred for another reason is not let back by money.
MONEY_REASONS: Final = ("refunded", "withdrawn", "disputed", "lost")


def follow_money(session: Session, payment_id: int, why: str | None, *, now: datetime) -> None:
    """Bars whom a payment put on rolls if it has gone back, and lets them vote again if it came back after all.

    `why` is one of `MONEY_REASONS`; `None`: the money is with us. Rounds that have closed stay as they are.
    """
    for entry in hold_entries(session, RollEntry.payment_id == payment_id, shared=True):
        if why is not None:
            bar(session, entry, why, now=now)
        else:
            _let_back(session, entry, now=now)
    session.flush()
    account_id = _account_of(session, payment_id) if why is None else None
    if account_id is not None:
        may_vote_now(session, account_id, now=now)


def overlooked(session: Session, *, now: datetime) -> list[int]:
    """Lists payments that went back and still let somebody vote: these came onto a roll just as it happened."""
    still_open = (Round.closed_at.is_(None), Round.called_off_at.is_(None), Round.closes_at > now)
    rounds = session.scalars(select(Round.id).where(Round.roll_hash_open.is_not(None), *still_open)).all()
    if not rounds:
        return []
    resting = (
        select(Payment.id)
        .join(RollEntry, RollEntry.payment_id == Payment.id)
        .where(RollEntry.round_id.in_(rounds), RollEntry.barred_at.is_(None), Payment.state.in_(GONE))
    )
    return list(session.scalars(resting.distinct().order_by(Payment.id)))


def bar_overlooked(session: Session, payment_id: int, *, now: datetime) -> None:
    """Bars whom a payment still lets vote, unless it has come back meanwhile."""
    payment = locked(session, Payment, payment_id)
    if payment is not None and payment.state in GONE:
        follow_money(session, payment_id, payment.state, now=now)


def hold_entries(session: Session, which: ColumnElement[bool], *, shared: bool) -> list[RollEntry]:
    """Locks entries of rolls, each after its round, as whoever casts a vote does; returns them by round.

    The rounds are `shared` with those who vote and join, or held alone.
    """
    theirs = select(RollEntry).where(which).order_by(RollEntry.round_id, RollEntry.id)
    for entry in session.scalars(theirs).all():
        locked(session, Round, entry.round_id, shared=shared)
    return list(session.scalars(theirs.with_for_update(), execution_options={"populate_existing": True}))


def bar(session: Session, entry: RollEntry, why: str, *, now: datetime) -> None:
    """Takes the vote from an entry that is held, and voids its ballot; not after the close, nor a second time."""
    round_ = session.get_one(Round, entry.round_id)
    if _is_over(round_, now=now) or entry.barred_at is not None:
        return
    entry.barred_at, entry.barred_why = now, why
    session.execute(update(OpenBallot).where(OpenBallot.roll_id == entry.id).values(voided_at=now))
    # It would say that the vote counts.
    call_off(session, RECEIPT_LETTER, _letter(round_, entry), now=now)


def _let_back(session: Session, entry: RollEntry, *, now: datetime) -> None:
    round_ = session.get_one(Round, entry.round_id)
    if _is_over(round_, now=now) or entry.barred_at is None or entry.barred_why not in MONEY_REASONS:
        return
    entry.barred_at = entry.barred_why = None
    session.execute(update(OpenBallot).where(OpenBallot.roll_id == entry.id).values(voided_at=None))
    if entry.voted_at is not None:
        due_at = letter_due_at(now, round_.closes_at)
        put_off(session, RECEIPT_LETTER, _letter(round_, entry), {"roll_id": entry.id}, due_at=due_at, now=now)


def _letter(round_: Round, entry: RollEntry) -> str:
    return f"{round_.slug}.{entry.key}"


def _is_over(round_: Round, *, now: datetime) -> bool:
    return round_.closed_at is not None or round_.called_off_at is not None or now >= round_.closes_at


def _account_of(session: Session, payment_id: int) -> int | None:
    of_pledge = select(Pledge.account_id).join(PledgePayment).where(PledgePayment.payment_id == payment_id)
    of_payer = select(Payer.account_id).join(Payment, Payment.payer_id == Payer.id).where(Payment.id == payment_id)
    return session.scalar(of_pledge) or session.scalar(of_payer)
