"""Days and months in the newsroom's zone, as spans of UTC. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Span:
    """From `starts_at` on, until just before `ends_at`; both UTC. `first_on` is its first day in the zone."""

    first_on: date
    starts_at: datetime
    ends_at: datetime


def month_of(moment: datetime, zone: ZoneInfo) -> Span:
    """Returns the calendar month of the zone in which a moment lies."""
    first = moment.astimezone(zone).date().replace(day=1)
    # The 28th and four days lie in the next month, whichever month it is.
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return _span(first, following, zone)


def day_of(moment: datetime, zone: ZoneInfo) -> Span:
    """Returns the day of the zone in which a moment lies."""
    today = moment.astimezone(zone).date()
    return _span(today, today + timedelta(days=1), zone)


def _span(first: date, following: date, zone: ZoneInfo) -> Span:
    return Span(first, _midnight(first, zone), _midnight(following, zone))


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    # Where the clock skips midnight, the first moment of the day is that of the change.
    return datetime.combine(on, time.min, zone).astimezone(UTC)
