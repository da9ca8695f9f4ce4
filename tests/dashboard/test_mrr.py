"""Monthly recurring revenue: exact sums, one rounding."""

import pytest

from membership.dashboard.mrr import mrr
from membership.money import Money

Promise = tuple[str, int, str, int]


@pytest.mark.parametrize(
    ("promises", "expected"),
    [
        ([], {}),
        ([("month", 500, "EUR", 3)], {"EUR": 1500}),
        ([("year", 6000, "EUR", 1)], {"EUR": 500}),
        # Rounded one by one these twelve would make 996; together they are 1,000.
        ([("year", 1000, "EUR", 12)], {"EUR": 1000}),
        ([("year", 1000, "EUR", 1), ("year", 1000, "EUR", 1), ("year", 1000, "EUR", 1)], {"EUR": 250}),
        # Halves go to the even neighbour: 0.5, 1.5 and 2.5.
        ([("year", 6, "EUR", 1)], {"EUR": 0}),
        ([("year", 18, "EUR", 1)], {"EUR": 2}),
        ([("year", 30, "EUR", 1)], {"EUR": 2}),
        ([("month", 100, "EUR", 1), ("year", 6, "EUR", 1)], {"EUR": 100}),
        # JPY has no decimals: 3,000 yen a year are 250 a month, 1,000 are 83⅓.
        ([("year", 3000, "JPY", 1), ("year", 1000, "JPY", 1)], {"JPY": 333}),
        (
            [("month", 500, "EUR", 1), ("month", 150, "JPY", 2), ("year", 1200, "USD", 1)],
            {"EUR": 500, "JPY": 300, "USD": 100},
        ),
        # Beyond what a float holds exactly.
        ([("month", 10**17 + 1, "EUR", 1)], {"EUR": 10**17 + 1}),
    ],
)
def test_a_year_counts_with_a_twelfth_and_is_rounded_once(promises: list[Promise], expected: dict[str, int]) -> None:
    found = mrr((cadence, Money(minor, currency), count) for cadence, minor, currency, count in promises)

    assert {each.currency: each.minor for each in found} == expected
