"""How long a silence is unlikely: a table of histories, as a day at a newsroom has them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from membership.payments.silence import HOUR, WEEK, History, expected, is_unlikely

KYIV = ZoneInfo("Europe/Kyiv")
# A Sunday noon in Kyiv, with nothing but summer time before it.
NOON = datetime(2026, 8, 23, 9, 0, tzinfo=UTC)


def each_hour(count: int, *, weeks: float = 8, last_at: datetime = NOON) -> History:
    """So many in every hour of so many weeks."""
    hours = {last_at - number * HOUR: count for number in range(1, int(weeks * 168) + 1)}
    return History(last_at - weeks * WEEK, last_at, hours)


def by_day(count: int, *, weeks: int = 8) -> History:
    """So many in each hour from eight to twenty in Kyiv, and none at night."""
    hours = {
        at: number for at, number in each_hour(count, weeks=weeks).hours.items() if 8 <= at.astimezone(KYIV).hour < 20
    }
    return History(NOON - weeks * WEEK, NOON, hours)


@pytest.mark.parametrize(
    ("history", "silent_hours", "alarming"),
    [
        (each_hour(2), 5.9, False),
        (each_hour(2), 6, True),
        (each_hour(100), 5.9, False),
        (each_hour(1), 6.8, False),
        (each_hour(1), 7, True),
        (each_hour(2, weeks=3.9), 48, False),
        (each_hour(2, weeks=4), 6, True),
        (each_hour(0), 24 * 365, False),
        (by_day(1), 6.95, True),
        (by_day(0), 48, False),
    ],
)
def test_a_silence_is_alarming_when_chance_leaves_it_one_in_a_thousand(
    history: History, silent_hours: float, *, alarming: bool
) -> None:
    assert is_unlikely(history, KYIV, now=NOON + silent_hours * HOUR) is alarming


def test_nobody_is_missed_at_night() -> None:
    evening = NOON.replace(hour=17)  # twenty o'clock in Kyiv
    history = History(NOON - 8 * WEEK, evening, by_day(50).hours)
    assert not is_unlikely(history, KYIV, now=evening + 12 * HOUR)
    assert is_unlikely(history, KYIV, now=evening + 12.5 * HOUR)


def test_each_weekday_is_compared_with_itself() -> None:
    sundays = {NOON + 2 * HOUR - number * WEEK: 8 for number in range(1, 9)}
    history = History(NOON - 8 * WEEK, NOON, sundays)
    assert expected(history, KYIV, now=NOON + 2 * HOUR) == 0
    assert expected(history, KYIV, now=NOON + 2.5 * HOUR) == pytest.approx(4)
    assert expected(history, KYIV, now=NOON + 24 * HOUR) == pytest.approx(8)


def test_a_long_silence_goes_on_being_one() -> None:
    assert is_unlikely(each_hour(2), KYIV, now=NOON + timedelta(days=400))


def test_hours_keep_their_place_when_the_clock_is_changed() -> None:
    before = datetime(2026, 10, 18, 9, 0, tzinfo=UTC)  # noon in Kyiv, a week before winter time
    history = History(before - 8 * WEEK, before + HOUR, {before - number * WEEK: 8 for number in range(8)})
    noon_in_winter = before + WEEK + HOUR
    assert expected(history, KYIV, now=noon_in_winter) == 0
    assert expected(history, KYIV, now=noon_in_winter + HOUR) == pytest.approx(8)
