"""Gifts as if they had been given lately: our attempts in the database, and their Checkouts paid at the sandbox."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from membership.db import Database, transaction
from membership.payments.models import Attempt
from tests.storms.fleet import Fleet

AMOUNTS = (("EUR", 500), ("EUR", 1234), ("USD", 2000), ("UAH", 20_000), ("JPY", 1500))
CADENCES = ("once", "once", "once", "month", "year")
# Within days: the account's new lines are never much older than those that it has listed before.
MOST_DAYS = 2
REFUNDED_SHARE, DISPUTED_SHARE = 0.05, 0.01


@dataclass(frozen=True)
class Gift:
    """What somebody gave, under the reference of its attempt."""

    reference: str
    email: str
    cadence: str
    amount_minor: int
    currency: str
    days_ago: int


def give(fleet: Fleet, number: int, chance: Random) -> list[Gift]:
    """Lets many give and pay; then gives some money back, and lets some banks ask for theirs."""
    gifts = [_invented(chance) for _ in range(number)]
    _keep_attempts(fleet, gifts)
    marks = {"membership_site": fleet.site}
    donations = [_row(gift, marks) | {"days_ago": gift.days_ago} for gift in gifts if gift.cadence == "once"]
    patrons = [
        _row(gift, marks) | {"started_days_ago": gift.days_ago, "interval": gift.cadence}
        for gift in gifts
        if gift.cadence != "once"
    ]
    fleet.stripe.console("seed", {"donations": donations, "patrons": patrons})
    _give_back(fleet, chance, number)
    return gifts


def _invented(chance: Random) -> Gift:
    reference = str(UUID(int=chance.getrandbits(128), version=4))
    currency, amount_minor = chance.choice(AMOUNTS)
    email = f"{reference[:13]}@example.org"
    return Gift(reference, email, chance.choice(CADENCES), amount_minor, currency, chance.randint(0, MOST_DAYS))


def _keep_attempts(fleet: Fleet, gifts: list[Gift]) -> None:
    now = datetime.fromtimestamp(fleet.stripe.now(), UTC)
    database = Database(fleet.url)
    try:
        with database.session() as session, transaction(session):
            session.execute(insert(Attempt), [_attempt(gift, now - timedelta(days=gift.days_ago)) for gift in gifts])
    finally:
        database.close()


def _attempt(gift: Gift, at: datetime) -> dict[str, Any]:
    return {
        "reference": gift.reference,
        "token_hash": f"storm {gift.reference}",
        "revision": 1,
        "cadence": gift.cadence,
        "amount_minor": gift.amount_minor,
        "currency": gift.currency,
        "email": gift.email,
        "email_key": gift.email,
        "language": "en",
        "tries": 0,
        "state": "open",
        "created_at": at,
        "expires_at": at + timedelta(minutes=31),
    }


def _row(gift: Gift, marks: dict[str, str]) -> dict[str, Any]:
    return {
        "email": gift.email,
        "name": "A giver",
        "amount_minor": gift.amount_minor,
        "currency": gift.currency.lower(),
        "client_reference_id": gift.reference,
        "metadata": marks | {"membership_attempt": gift.reference},
    }


def _give_back(fleet: Fleet, chance: Random, number: int) -> None:
    refunds, disputes = max(2, int(number * REFUNDED_SHARE)), max(1, int(number * DISPUTED_SHARE))
    charges = [each for each in fleet.stripe.every("charges") if not each["amount_refunded"] and not each["disputed"]]
    chosen = chance.sample(charges, refunds + disputes)
    for index, charge in enumerate(chosen[:refunds]):
        amount = charge["amount"] if index % 2 else charge["amount"] // 3
        fleet.stripe.post("refunds", charge=charge["id"], amount=str(amount))
    for charge in chosen[refunds:]:
        fleet.stripe.console("disputes", {"charge": charge["id"]})
