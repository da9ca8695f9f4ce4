"""The brake on card testing: attempts of an hour are counted before Stripe is asked for a page where one can pay.

Who tests stolen cards wants many pages, and most of their cards fail. Counted from the rows themselves, so it holds
for any number of processes. A form that is sent again is no new attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from membership.db import take_turn
from membership.errors import TooMany
from membership.payments.attempts import Wish
from membership.payments.models import Attempt, Payment
from membership.payments.states import PAID

HOUR = timedelta(hours=1)
# A share of fewer payments says nothing.
LEAST_TRIED = 10

# What operators are told when a brake takes hold, by the alarm's cause.
SAYINGS: Mapping[str, Any] = {
    "brake_network": lazy_gettext(
        "Attempts to give were refused because too many came from one network within an hour. "
        "It may be somebody who tests stolen cards; look at the failed payments in Stripe's dashboard."
    ),
    "brake_email": lazy_gettext(
        "Attempts to give were refused because too many were made with one address within an hour. "
        "It may be somebody who tests stolen cards, or whose card is declined again and again."
    ),
    "brake_failing": lazy_gettext(
        "Attempts to give are refused because there are many of them and more than half of the payments of this hour "
        "failed. That is what testing stolen cards looks like; look at Stripe's dashboard."
    ),
    "brake_ceiling": lazy_gettext(
        "Attempts to give are refused because there were more within an hour than are ever expected. If they are "
        "real, raise MEMBERSHIP_ATTEMPTS_AN_HOUR."
    ),
}


@dataclass(frozen=True)
class Limits:
    """How many attempts an hour there may be: from one network, with one e-mail address, altogether while more than
    half of the payments fail, and altogether in any case."""

    network: int = 10
    email: int = 5
    failing: int = 100
    ceiling: int = 3000


class Braked(TooMany):
    """A limit is reached; `cause` names the alarm that operators hear."""

    def __init__(self, cause: str, *, retry_after: int) -> None:
        super().__init__(
            "That was many tries in a short time. Nothing was taken. Please try again in %(minutes)s min.",
            retry_after=retry_after,
            minutes=-(-retry_after // 60),
        )
        self.cause = cause


def check_limits(session: Session, wish: Wish, limits: Limits, *, now: datetime) -> None:
    """Raises `Braked` if this network, this address or everybody together has begun too many attempts.

    The attempt in question is already among them: refusing rolls it back with the caller's transaction.
    """
    if wish.network_key is not None:
        # Those who come at the same instant do not see each other's rows before they are committed.
        take_turn(session, f"network {wish.network_key}")
        _brake(session, "brake_network", Attempt.network_key == wish.network_key, limits.network, now=now)
    if wish.email_key is not None:
        take_turn(session, f"email {wish.email_key}")
        _brake(session, "brake_email", Attempt.email_key == wish.email_key, limits.email, now=now)
    _brake(session, "brake_ceiling", true(), limits.ceiling, now=now)
    if most_fail(session, now=now):
        _brake(session, "brake_failing", true(), limits.failing, now=now)


def most_fail(session: Session, *, now: datetime) -> bool:
    """Says whether more than half of the payments that were tried within the last hour have failed."""
    has_paid = (Payment.paid_at > now - HOUR) & Payment.state.in_(PAID)
    has_failed = (Payment.failed_at > now - HOUR) & Payment.state.not_in(PAID)
    paid, failed = (
        session.scalars(select(func.count()).select_from(Payment).where(each)).one() for each in (has_paid, has_failed)
    )
    return paid + failed >= LEAST_TRIED and failed > paid


def _brake(session: Session, cause: str, which: ColumnElement[bool], limit: int, *, now: datetime) -> None:
    of_this_hour = select(Attempt.created_at).where(Attempt.created_at > now - HOUR, which)
    # The attempt in question is the newest; of those before it, as many as are allowed are in its way.
    in_the_way = session.scalar(of_this_hour.order_by(Attempt.created_at.desc()).offset(limit).limit(1))
    if in_the_way is not None:
        raise Braked(cause, retry_after=int((in_the_way + HOUR - now).total_seconds()) + 1)
