"""Days and months in a zone, across changes of the clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from membership.dashboard.month import day_of, month_of


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "starts_at", "ends_at"),
    [
        ("2026-11-22T12:00", "UTC", "2026-11-01T00:00", "2026-12-01T00:00"),
        ("2026-11-22T12:00", "Europe/Kyiv", "2026-10-31T22:00", "2026-11-30T22:00"),
        # Summer time ends on 25 October in Kyiv: the month has an hour more.
        ("2026-10-10T12:00", "Europe/Kyiv", "2026-09-30T21:00", "2026-10-31T22:00"),
        # It begins on 29 March: an hour less.
        ("2026-03-10T12:00", "Europe/Kyiv", "2026-02-28T22:00", "2026-03-31T21:00"),
        ("2026-10-31T21:59:59", "Europe/Kyiv", "2026-09-30T21:00", "2026-10-31T22:00"),
        ("2026-10-31T22:00", "Europe/Kyiv", "2026-10-31T22:00", "2026-11-30T22:00"),
        ("2026-12-31T23:30", "America/New_York", "2026-12-01T05:00", "2027-01-01T05:00"),
        ("2028-02-29T12:00", "Asia/Tokyo", "2028-01-31T15:00", "2028-02-29T15:00"),
    ],
)
def test_a_month_is_that_of_the_newsroom(moment: str, zone: str, starts_at: str, ends_at: str) -> None:
    found = month_of(utc(moment), ZoneInfo(zone))

    assert (found.starts_at, found.ends_at) == (utc(starts_at), utc(ends_at))


def test_the_day_on_which_the_clock_goes_back_has_25_hours() -> None:
    found = day_of(utc("2026-10-25T12:00"), ZoneInfo("Europe/Kyiv"))

    assert (found.starts_at, found.ends_at) == (utc("2026-10-24T21:00"), utc("2026-10-25T22:00"))


def test_a_day_without_midnight_begins_when_the_clock_jumps() -> None:
    # In Beirut summer time begins at 0:00 on 29 March 2026; the day begins at 1:00.
    found = day_of(utc("2026-03-29T12:00"), ZoneInfo("Asia/Beirut"))

    assert (found.first_on, found.starts_at) == (date(2026, 3, 29), utc("2026-03-28T22:00"))
