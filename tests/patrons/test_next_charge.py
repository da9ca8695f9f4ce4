"""What a pledge is charged next, as a table of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from membership.money import Money
from membership.patrons.models import Pledge
from membership.patrons.next_charge import AHEAD, NextCharge, charge_after, next_charge

END = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)


def pledge(**changes: object) -> Pledge:
    facts: dict[str, object] = {
        "cadence": "month",
        "amount": Money(500, "EUR"),
        "stripe_status": "active",
        "period_end_at": END,
        "anchor_at": END,
    }
    return Pledge(**facts | changes)


def test_a_pledge_that_goes_on_is_charged_at_the_end_of_its_period() -> None:
    assert next_charge(pledge()) == NextCharge(END, Money(500, "EUR"), "month")


@pytest.mark.parametrize(
    "changes",
    [
        {"cancel_at": END},
        {"ended_at": END},
        {"stripe_status": "past_due"},
        {"stripe_status": "unpaid"},
        {"paused_since": END},
    ],
)
def test_what_ends_or_failed_or_is_paused_without_an_end_has_no_next_charge(changes: dict[str, object]) -> None:
    assert next_charge(pledge(**changes)) is None


@pytest.mark.parametrize(
    ("periods", "at"),
    [
        (0, END),
        (1, datetime(2027, 2, 28, 9, 30, tzinfo=UTC)),
        (2, datetime(2027, 3, 31, 9, 30, tzinfo=UTC)),
        (12, datetime(2028, 1, 31, 9, 30, tzinfo=UTC)),
    ],
)
def test_months_are_counted_from_the_day_on_which_they_began(periods: int, at: datetime) -> None:
    assert charge_after(pledge(), END, periods) == at


@pytest.mark.parametrize(("months", "day"), [(1, (2, 28)), (2, (3, 31)), (3, (4, 30))])
def test_what_is_left_out_is_not_the_next_charge(months: int, day: tuple[int, int]) -> None:
    until = charge_after(pledge(), END, months) - AHEAD
    comes = next_charge(pledge(paused_since=END - timedelta(days=3), paused_until=until))
    assert comes is not None
    assert (comes.at.month, comes.at.day, comes.money) == (*day, Money(500, "EUR"))


def test_a_scheduled_change_is_what_is_charged_next() -> None:
    changed = pledge(next_from=END, next_amount_minor=6000, next_cadence="year")
    assert next_charge(changed) == NextCharge(END, Money(6000, "EUR"), "year")


def test_a_leap_day_comes_back_in_the_next_leap_year() -> None:
    leap = datetime(2028, 2, 29, tzinfo=UTC)
    yearly = pledge(cadence="year", period_end_at=leap, anchor_at=leap)
    assert charge_after(yearly, leap).day == 28
    assert charge_after(yearly, leap, 4).day == 29
