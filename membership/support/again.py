"""Somebody who gave a moment ago is asked before they give again: by the account or this browser's own attempt alone.

Never by an address that was typed: whoever types another's must not learn that they gave.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.payments.attempts import CHECKOUT_LIFE, SETTLED, Wish
from membership.payments.models import Attempt, Payment
from membership.payments.states import KEPT

MOMENT_AGO = timedelta(minutes=10)


@dataclass(frozen=True)
class JustGiven:
    """What somebody gave within the last ten minutes, and where its page is. `cadence`: once, month or year."""

    money: Money
    cadence: str
    at: datetime
    href: str


def given_just_now(
    session: Session, wish: Wish, own_attempt: str | None, token_hash: str, *, now: datetime
) -> JustGiven | None:
    """Returns what the signed-in account, or this browser, gave within ten minutes by another form; else `None`.

    Who gave once and now begins a pledge means another thing, and is not asked; nor is who gives once beside a pledge.
    """
    mine = _mine(wish, own_attempt)
    if not mine:
        return None
    statement = (
        select(Attempt, Payment)
        .outerjoin(Payment, Payment.attempt_id == Attempt.id)
        .where(or_(*mine), Attempt.token_hash != token_hash, Attempt.state.in_(SETTLED))
        .where((Attempt.cadence == "once") == (wish.cadence == "once"))
        .where(Attempt.created_at > now - MOMENT_AGO - CHECKOUT_LIFE)
        .order_by(Attempt.created_at.desc())
    )
    given = (_given(row.Attempt, row.Payment) for row in session.execute(statement))
    return next((each for each in given if each is not None and each.at > now - MOMENT_AGO), None)


def _mine(wish: Wish, own_attempt: str | None) -> list[ColumnElement[bool]]:
    mine: list[ColumnElement[bool]] = []
    if wish.account_id is not None:
        mine.append(Attempt.account_id == wish.account_id)
    if own_attempt is not None:
        mine.append(Attempt.reference == own_attempt)
    return mine


def _given(attempt: Attempt, payment: Payment | None) -> JustGiven | None:
    if payment is not None and payment.state not in (*KEPT, "started", "pending"):
        return None
    at = (payment.paid_at if payment else None) or attempt.created_at
    return JustGiven(attempt.amount, attempt.cadence, at, f"/support/thanks/{attempt.reference}")
