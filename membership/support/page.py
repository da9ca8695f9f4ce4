"""The page on which one gives: what stands around the form."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from membership.money import Money
from membership.newsroom.words import current_newsroom
from membership.patrons.tiers import current_tiers
from membership.support.closing import danger_line
from membership.support.form import Typed
from membership.support.words import Amounts, current_amounts
from membership.web.current import zone

MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Choice:
    """An amount to choose; `yearly` is the honest sum beside a monthly one."""

    money: Money
    yearly: Money | None


@dataclass(frozen=True)
class TierOffer:
    """A tier as the page shows it, with the least amount for what is chosen, and the suggested one, if any."""

    name: str
    benefits: tuple[str, ...]
    minimum: Money
    suggested: Money | None


def offers() -> Mapping[str, Amounts]:
    """Returns what is offered, by currency, in the newsroom's own order."""
    known = current_amounts()
    return {currency: known[currency] for currency in current_newsroom().currencies if currency in known}


def around(form: Typed, errors: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """Makes the page's context; a form with an unknown cadence or currency is shown with the defaults."""
    known = offers()
    currency = form.currency if form.currency in known else next(iter(known))
    cadence = form.cadence if form.cadence in known[currency].offered else "month"
    amounts = known[currency]
    return {
        "form": Typed(**{**asdict(form), "currency": currency, "cadence": cadence}),
        "errors": errors,
        "currencies": tuple(known),
        "amounts": tuple(
            Choice(amount, amount.times(12) if cadence == "month" else None) for amount in amounts.offered[cadence]
        ),
        "floor": amounts.floor,
        "ceiling": amounts.ceiling,
        "tiers": _tiers("year" if cadence == "year" else "month", currency),
        "danger": danger_line(),
        "next_charge_at": months_later(now, MONTHS[cadence]) if cadence in MONTHS else None,
    }


def months_later(now: datetime, months: int) -> datetime:
    """Returns the same day some months on; the last day of a shorter month instead of one that it lacks."""
    local = now.astimezone(zone())
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    for day in (local.day, 30, 29, 28):
        try:
            return local.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _tiers(cadence: str, currency: str) -> tuple[TierOffer, ...]:
    pairs = ((tier, tier.amounts.get((cadence, currency))) for tier in current_tiers())
    return tuple(TierOffer(tier.name, tier.benefits, cost.minimum, cost.suggested) for tier, cost in pairs if cost)
