"""Tiers: what a patron gets, by the amount alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slugify import slugify
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.db import insert_ignore
from membership.money import Money
from membership.newsroom.remembered import Remembered
from membership.newsroom.site_version import bump
from membership.newsroom.toml import Reading
from membership.patrons.models import PLEDGE_CADENCES, Tier, TierAmount

# The page of a new tier stands where a tier of this name would.
RESERVED = frozenset(("new",))


@dataclass(frozen=True)
class TierMoney:
    """What a tier costs in one rhythm and currency. `suggested` is at least `minimum`, `None` if nothing is."""

    minimum: Money
    suggested: Money | None = None


# By cadence and currency.
TierAmounts = Mapping[tuple[str, str], TierMoney]


@dataclass(frozen=True)
class TierView:
    """A tier as pages need it."""

    slug: str
    name: str
    benefits: tuple[str, ...]
    amounts: TierAmounts

    def minimum(self, cadence: str, currency: str) -> Money | None:
        """Returns the least amount that reaches this tier, or `None` if it is not offered so."""
        found = self.amounts.get((cadence, currency))
        return found.minimum if found else None

    def suggested(self, cadence: str, currency: str) -> Money | None:
        """Returns the amount that is suggested for this tier, or `None`."""
        found = self.amounts.get((cadence, currency))
        return found.suggested if found else None


def tier_reached(tiers: Sequence[TierView], cadence: str, amount: Money) -> TierView | None:
    """Returns the highest tier whose minimum the amount reaches; `None` below the first."""
    reached = [
        (minimum.minor, tier)
        for tier in tiers
        if (minimum := tier.minimum(cadence, amount.currency)) is not None and minimum.minor <= amount.minor
    ]
    return max(reached, key=lambda pair: pair[0])[1] if reached else None


def load(session: Session, tables: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Keeps `[[tiers]]`: those named are made or changed, others are archived. Raises `TomlError`."""
    reading = Reading("tiers")
    wanted = [_read(table, reading) for table in tables]
    reading.finish()
    for position, (slug, name, benefits, amounts) in enumerate(wanted):
        insert_ignore(session, Tier, slug=slug, name=name, benefits=benefits, position=position)
        tier = session.scalars(select(Tier).where(Tier.slug == slug)).one()
        tier.name, tier.benefits, tier.position, tier.archived_at = name, benefits, position, None
        keep_amounts(session, tier, amounts)
    kept = {slug for slug, *_ in wanted}
    for tier in session.scalars(select(Tier).where(Tier.slug.not_in(kept), Tier.archived_at.is_(None))):
        tier.archived_at = now
    bump(session)


def keep_amounts(session: Session, tier: Tier, amounts: TierAmounts) -> None:
    """Writes what a tier costs in the place of what it cost."""
    session.execute(delete(TierAmount).where(TierAmount.tier_id == tier.id))
    for (cadence, currency), each in amounts.items():
        session.add(
            TierAmount(
                tier_id=tier.id,
                cadence=cadence,
                currency=currency,
                minimum_minor=each.minimum.minor,
                suggested_minor=each.suggested.minor if each.suggested else None,
            )
        )


def amounts_of(session: Session, tier_id: int | None = None) -> Mapping[int, TierAmounts]:
    """Returns what tiers cost, by their key; of one tier, or of all."""
    statement = select(TierAmount)
    if tier_id is not None:
        statement = statement.where(TierAmount.tier_id == tier_id)
    found: dict[int, dict[tuple[str, str], TierMoney]] = {}
    for row in session.scalars(statement):
        suggested = None if row.suggested_minor is None else Money(row.suggested_minor, row.currency)
        cost = TierMoney(Money(row.minimum_minor, row.currency), suggested)
        found.setdefault(row.tier_id, {})[row.cadence, row.currency] = cost
    return found


def _read(table: Mapping[str, Any], reading: Reading) -> tuple[str, str, list[str], TierAmounts]:
    slug = reading.text(table, "slug", longest=60)
    if slug != slugify(slug) or slug in RESERVED:
        reading.problem("slug", f"{slug!r} must be lower-case letters, digits and hyphens, not reserved")
    amounts: dict[tuple[str, str], TierMoney] = {}
    for cadence in PLEDGE_CADENCES:
        suggestions = table.get("suggested", {}).get(cadence, {})
        for currency in table.get(cadence, {}):
            minimum = reading.money(table[cadence], currency, f"{slug}.{cadence}")
            where = f"{slug}.suggested.{cadence}"
            suggested = reading.money(suggestions, currency, where) if currency in suggestions else None
            if minimum is not None and suggested is not None and suggested < minimum:
                reading.problem(f"{where}.{currency}", "must not be less than the least amount")
            if minimum is not None:
                amounts[cadence, currency] = TierMoney(minimum, suggested)
        for currency in set(suggestions) - set(table.get(cadence, {})):
            reading.problem(f"{slug}.suggested.{cadence}.{currency}", "has no least amount beside it")
    return slug, reading.text(table, "name", longest=60), list(reading.texts(table, "benefits")), amounts


def _from_rows(session: Session) -> tuple[TierView, ...]:
    amounts = amounts_of(session)
    tiers = session.scalars(select(Tier).where(Tier.archived_at.is_(None)).order_by(Tier.position, Tier.id))
    return tuple(TierView(tier.slug, tier.name, tuple(tier.benefits), amounts.get(tier.id, {})) for tier in tiers)


current_tiers = Remembered(_from_rows)
