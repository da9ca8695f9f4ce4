"""What operators should hear of when it does not happen: no event, no payment, an inbox or an outbox that stands still.

Each is a question for `wiring.ALARMS`: a sentence if something is wrong, else `None`. The sentences hold no running
number, so that a silence that goes on stays one alarm.
"""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership.newsroom.words import current_newsroom
from membership.outbox.models import OutboxRow
from membership.payments.inbox import oldest_waiting
from membership.payments.models import Payment, StripeEvent
from membership.payments.silence import ALWAYS_QUIET, MOST_HISTORY, History, is_unlikely
from membership.web.filters import moment

WAITS_TOO_LONG = timedelta(minutes=10)
# So often a side effect is tried within its first quarter of an hour.
FAILS_TOO_OFTEN = 6
# Clocks of two machines may differ by a little.
CLOCK_SKEW = timedelta(minutes=1)

Column = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]


def no_events(session: Session, *, now: datetime) -> str | None:
    """Says since when no event has come from Stripe, if that is longer than chance."""
    silence = _silence(session, StripeEvent.created_at, now=now)
    if silence is None:
        return None
    return str(
        _(
            "No event has come from Stripe since %(moment)s, and at these hours some should have. "
            "Please look at the webhook endpoint in Stripe's dashboard, and at the server.",
            moment=moment(silence),
        )
    )


def no_payments(session: Session, *, now: datetime) -> str | None:
    """Says since when nobody has paid, if that is longer than chance."""
    silence = _silence(session, Payment.paid_at, now=now)
    if silence is None:
        return None
    return str(
        _(
            "Nobody's payment has succeeded since %(moment)s, and at these hours some should have. "
            "Please try the page of giving yourself.",
            moment=moment(silence),
        )
    )


def inbox_waits(session: Session, *, now: datetime) -> str | None:
    """Says whether events wait for longer than ten minutes."""
    oldest = oldest_waiting(session)
    if oldest is None or now - oldest <= WAITS_TOO_LONG:
        return None
    return str(
        _(
            "Events from Stripe have waited for more than ten minutes: the worker is behind, or what they are about "
            "cannot be read from Stripe. The log names them as event.failed."
        )
    )


def events_were_given_up(session: Session, *, now: datetime) -> str | None:
    """Says whether there are events that could not be handled in three days."""
    if session.scalar(select(StripeEvent.id).where(StripeEvent.state == "dead").limit(1)) is None:
        return None
    return str(
        _(
            "Some events from Stripe were given up after three days of trying. Once the cause is mended, "
            "“flask stripe replay” handles them; “flask stripe reconcile” finds what they were about."
        )
    )


def outbox_waits(session: Session, *, now: datetime) -> str | None:
    """Says whether side effects (letters, refunds) wait for longer than ten minutes, or fail again and again."""
    is_late = OutboxRow.due_at < now - WAITS_TOO_LONG
    fails = OutboxRow.last_error.is_not(None) & (OutboxRow.tries >= FAILS_TOO_OFTEN)
    late = select(OutboxRow.id).where(OutboxRow.done_at.is_(None), or_(is_late, fails)).limit(1)
    if session.scalar(late) is None:
        return None
    return str(
        _(
            "Letters or other side effects have waited for more than ten minutes: the worker is behind, or the mail "
            "server or Stripe refuses them. The log names them as outbox.failed."
        )
    )


def clock_is_behind(session: Session, *, now: datetime) -> str | None:
    """Says whether an event of the last hour came in before Stripe made it: then this machine's clock is behind."""
    lately = StripeEvent.created_at > now - timedelta(hours=1)
    came = session.execute(select(StripeEvent.created_at, StripeEvent.received_at).where(lately))
    if not any(row.created_at - row.received_at > CLOCK_SKEW for row in came):
        return None
    return str(
        _(
            "This machine's clock is behind Stripe's by more than a minute. From five minutes on, "
            "no event is believed. Please set the clock by a time server."
        )
    )


def _silence(session: Session, column: Column, *, now: datetime) -> datetime | None:
    """Returns when the last thing came, if it is unlikely that none has come since."""
    last_at = session.scalar(select(func.max(column)).where(column <= now))
    if last_at is None or now - last_at < ALWAYS_QUIET:
        return None
    first_at = session.scalars(select(func.min(column))).one()
    history = History(first_at or last_at, last_at, _by_hour(session, column, last_at))
    return last_at if is_unlikely(history, current_newsroom().zone, now=now) else None


def _by_hour(session: Session, column: Column, last_at: datetime) -> dict[datetime, int]:
    of_eight_weeks = (column > last_at - MOST_HISTORY, column <= last_at)
    hour = _hour_of(session, column).label("hour")
    rows = session.execute(select(hour, func.count().label("came")).where(*of_eight_weeks).group_by(hour))
    return {datetime.fromisoformat(f"{row.hour}:00:00+00:00"): int(row.came) for row in rows}


def _hour_of(session: Session, column: Column) -> ColumnElement[Any]:
    """Makes the text of a moment's hour in UTC: `2026-11-22 14`."""
    if session.get_bind().dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d %H", column)
    return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24")
