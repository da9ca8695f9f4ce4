"""Renewals that should have been seen and were not."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.patrons.models import Pledge
from membership.patrons.standing import GIVES_STANDING
from membership.web.filters import day

# Stripe opens the new period at once, finishes its invoice an hour later, and says so each time.
TIME_TO_RENEW = timedelta(hours=6)


def renewals_missed(session: Session, *, now: datetime) -> str | None:
    """Says of which day renewals have not been seen: neither that they were paid, nor that they failed."""
    expected = (
        Pledge.ended_at.is_(None),
        Pledge.cancel_at.is_(None),
        Pledge.paused_since.is_(None),
        Pledge.stripe_status.in_(GIVES_STANDING),
        Pledge.period_end_at < now - TIME_TO_RENEW,
    )
    oldest = session.scalar(select(func.min(Pledge.period_end_at)).where(*expected))
    if oldest is None:
        return None
    return str(
        _(
            "Renewals that were due on %(day)s have not been seen: nothing says that they were paid, or that they "
            "failed. “flask stripe reconcile” shows which, and --apply repairs them.",
            day=day(oldest),
        )
    )
