"""Invented people: who gave what and how long ago, as the sandbox takes it."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from sqlalchemy.orm import Session

from membership.accounts.addresses import email_key
from membership.money import parse_amount
from membership.newsroom.site_version import site_id
from membership.payments.attempts import Wish, begin
from membership.payments.models import Attempt
from membership.payments.setting_up import DONATION, PLEDGE
from membership.web.signing import hashed

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


def invented(numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Invents the patrons of these numbers: the same number is always the same person."""
    return [_patron(number) for number in numbers]


def plan(session: Session, people: Mapping[str, Any], *, language: str, now: datetime) -> dict[str, Any]:
    """Keeps an attempt for each gift, as the form would have, and returns what `POST /_sandbox/seed` takes."""
    planner = _Planner(session, site_id(session), language, now)
    return {
        "patrons": [planner.patron(row) for row in people.get("patrons", ())],
        "donations": [planner.donation(row) for row in people.get("donations", ())],
    }


@dataclass(frozen=True)
class _Planner:
    session: Session
    site: str
    language: str
    now: datetime

    def patron(self, row: Mapping[str, Any]) -> dict[str, Any]:
        gift = self._gift(row, PLEDGE, row["cadence"], days_ago=row["started_days_ago"])
        return {**gift, "interval": row["cadence"], "started_days_ago": row["started_days_ago"]}

    def donation(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._gift(row, DONATION, "once", days_ago=row["days_ago"]), "days_ago": row["days_ago"]}

    def _gift(self, row: Mapping[str, Any], product: str, cadence: str, *, days_ago: int) -> dict[str, Any]:
        attempt = self._attempt(row, cadence, days_ago)
        return {
            "email": row["email"],
            "name": row["name"],
            "amount_minor": attempt.amount.minor,
            "currency": row["currency"].lower(),
            "product": product,
            "client_reference_id": attempt.reference,
            "metadata": {"membership_site": self.site, "membership_attempt": attempt.reference},
        }

    def _attempt(self, row: Mapping[str, Any], cadence: str, days_ago: int) -> Attempt:
        wish = Wish(
            cadence=cadence,
            amount=parse_amount(row["amount"], row["currency"]),
            email=row["email"],
            email_key=email_key(row["email"]),
            account_id=None,
            article_slug=None,
            language=self.language,
            network_key=None,
        )
        begun = begin(self.session, hashed(token_urlsafe()), wish, now=self.now - timedelta(days=days_ago))
        return begun.attempt


def _patron(number: int) -> dict[str, Any]:
    chance = random.Random(f"{SEED} {number}")  # noqa: S311 - the same number is the same person everywhere
    given, family = chance.choice(GIVEN_NAMES), chance.choice(FAMILY_NAMES)
    amount, currency, cadence = chance.choice(GIFTS)
    return {
        "name": f"{given} {family}",
        "email": f"patron-{number}@example.net",
        "amount": amount,
        "currency": currency,
        "cadence": cadence,
        "started_days_ago": chance.randint(1, LONGEST_AGO_DAYS),
    }
