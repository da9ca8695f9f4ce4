"""Invented patrons, as many as are wanted, as the sandbox takes them."""

import random
from collections.abc import Iterable
from typing import Any

from membership.money import parse_amount

SEED = "the long bridge"

GIVEN_NAMES = (
    "Ada",
    "Borys",
    "Chiara",
    "Dmytro",
    "Elif",
    "Fatou",
    "Hana",
    "Ihor",
    "Jonas",
    "Kateryna",
    "Léa",
    "Maksym",
)
FAMILY_NAMES = ("Almqvist", "Bilozir", "Castellan", "Dvorsky", "Eriksen", "Farrow", "Honcharuk", "Ishiguro", "Jelinek")
# What many give, more often than not; the last two are years.
GIFTS = (
    ("3", "EUR", "month"),
    ("5", "EUR", "month"),
    ("5", "USD", "month"),
    ("90", "UAH", "month"),
    ("10", "EUR", "month"),
    ("500", "JPY", "month"),
    ("50", "EUR", "year"),
    ("100", "USD", "year"),
)
# A month's pledge has then at most two payments.
LONGEST_AGO_DAYS = 55


def invented_patrons(numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Invents the patrons of these numbers: the same number is always the same person."""
    return [_patron(number) for number in numbers]


def _patron(number: int) -> dict[str, Any]:
    chance = random.Random(f"{SEED} {number}")  # noqa: S311 - the same number is the same person everywhere
    given, family = chance.choice(GIVEN_NAMES), chance.choice(FAMILY_NAMES)
    amount, currency, interval = chance.choice(GIFTS)
    return {
        "name": f"{given} {family}",
        "email": f"patron-{number}@example.net",
        "amount_minor": parse_amount(amount, currency).minor,
        "currency": currency.lower(),
        "interval": interval,
        "started_days_ago": chance.randint(1, LONGEST_AGO_DAYS),
    }
