"""Monthly recurring revenue: what running pledges promise a month. Pure; added up exactly, rounded in one place."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from membership.money import Money

MONTHS = {"month": 1, "year": 12}


def mrr(promises: Iterable[tuple[str, Money, int]]) -> tuple[Money, ...]:
    """Adds up promises, given as cadence, amount and how many there are, to one amount a month for each currency.

    A yearly promise counts with a twelfth. Rounded half-even to the minor unit, once, after adding up (docs/design.md).
    """
    exact: defaultdict[str, Fraction] = defaultdict(Fraction)
    for cadence, amount, count in promises:
        exact[amount.currency] += Fraction(amount.minor * count, MONTHS[cadence])
    return tuple(Money(round(total), currency) for currency, total in sorted(exact.items()))
