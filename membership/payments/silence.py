"""How likely it is that nothing happened for so long, by weekday and hour: arithmetic, without rows.

Things that come by chance, each by itself, are a Poisson process: the probability that none comes while `expected`
should have come is exp(-expected).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from zoneinfo import ZoneInfo

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
# What is compared with: as many weeks before the silence, and at least so many.
MOST_HISTORY, LEAST_HISTORY = 8 * WEEK, 4 * WEEK
# So long nobody is woken, however busy the site.
ALWAYS_QUIET = 6 * HOUR
# One silence in a thousand would be chance.
UNLIKELY = 0.001


@dataclass(frozen=True)
class History:
    """What happened before a silence. `first_at`: the first ever; `last_at`: the last; `hours`: how many in each hour
    of the eight weeks up to it, by the hour's beginning."""

    first_at: datetime
    last_at: datetime
    hours: Mapping[datetime, int]


def is_unlikely(history: History, zone: ZoneInfo, *, now: datetime) -> bool:
    """Says whether the silence since the last thing is too long to be chance."""
    if now - history.last_at < ALWAYS_QUIET or history.last_at - history.first_at < LEAST_HISTORY:
        return False
    return exp(-expected(history, zone, now=now)) < UNLIKELY


def expected(history: History, zone: ZoneInfo, *, now: datetime) -> float:
    """Returns how many should have come since the last one, by how many came at these weekdays and hours before."""
    weeks = min(MOST_HISTORY, history.last_at - history.first_at) / WEEK
    since = history.last_at - weeks * WEEK
    came: dict[tuple[int, int], int] = {}
    for at, count in history.hours.items():
        if at + HOUR > since:
            came[_slot(at, zone)] = came.get(_slot(at, zone), 0) + count
    return sum(share * came.get(_slot(at, zone), 0) / weeks for at, share in _hours_between(history.last_at, now))


def _slot(at: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = at.astimezone(zone)
    return local.weekday(), local.hour


def _hours_between(since: datetime, until: datetime) -> list[tuple[datetime, float]]:
    """Lists the hours that lie between two moments, and how much of each does (0 to 1)."""
    at = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = []
    while at < until:
        inside = min(at + HOUR, until) - max(at, since)
        found.append((at, inside / HOUR))
        at += HOUR
    return found
