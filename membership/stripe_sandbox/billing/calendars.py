"""Billing periods as Stripe counts them: from the anchor, so that the 31st comes back after February."""

import calendar
from datetime import UTC, datetime, timedelta

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}


def period_after(anchor: int, start: int, interval: str, count: int) -> int:
    """Returns when the period that begins at `start` ends; `anchor` is when the first one began.

    All are Unix times, counted in UTC: 31 January, 28 February, 31 March.
    """
    begun = datetime.fromtimestamp(start, UTC)
    if interval in DAYS:
        return int((begun + timedelta(days=DAYS[interval] * count)).timestamp())
    first = datetime.fromtimestamp(anchor, UTC)
    passed = (begun.year - first.year) * 12 + begun.month - first.month
    return int(months_later(first, passed + MONTHS[interval] * count).timestamp())


def months_later(moment: datetime, months: int) -> datetime:
    """Returns the same day and time so many months on, or the month's last day where it has no such day."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
