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


@dataclass(frozen=True)
class TierView:
    """A tier as pages need it. `minimums` is keyed by cadence and currency."""

    slug: str
    name: str
    benefits: tuple[str, ...]
    minimums: Mapping[tuple[str, str], Money]

    def minimum(self, cadence: str, currency: str) -> Money | None:
        """Returns the least amount that reaches this tier, or `None` if it is not offered so."""
        return self.minimums.get((cadence, currency))


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
        _keep_amounts(session, tier, amounts)
    kept = {slug for slug, *_ in wanted}
    for tier in session.scalars(select(Tier).where(Tier.slug.not_in(kept), Tier.archived_at.is_(None))):
        tier.archived_at = now
    bump(session)


def _keep_amounts(session: Session, tier: Tier, amounts: Mapping[tuple[str, str], Money]) -> None:
    session.execute(delete(TierAmount).where(TierAmount.tier_id == tier.id))
    for (cadence, currency), minimum in amounts.items():
        session.add(TierAmount(tier_id=tier.id, cadence=cadence, currency=currency, minimum_minor=minimum.minor))


def _read(table: Mapping[str, Any], reading: Reading) -> tuple[str, str, list[str], dict[tuple[str, str], Money]]:
    slug = reading.text(table, "slug", longest=60)
    if slug != slugify(slug):
        reading.problem("slug", f"{slug!r} must be lower-case letters, digits and hyphens")
    amounts: dict[tuple[str, str], Money] = {}
    for cadence in PLEDGE_CADENCES:
        for currency in table.get(cadence, {}):
            minimum = reading.money(table[cadence], currency, f"{slug}.{cadence}")
            if minimum is not None:
                amounts[cadence, currency] = minimum
    return slug, reading.text(table, "name", longest=60), list(reading.texts(table, "benefits")), amounts


def _from_rows(session: Session) -> tuple[TierView, ...]:
    minimums: dict[int, dict[tuple[str, str], Money]] = {}
    for each in session.scalars(select(TierAmount)):
        key = (each.cadence, each.currency)
        minimums.setdefault(each.tier_id, {})[key] = Money(each.minimum_minor, each.currency)
    tiers = session.scalars(select(Tier).where(Tier.archived_at.is_(None)).order_by(Tier.position))
    return tuple(TierView(tier.slug, tier.name, tuple(tier.benefits), minimums.get(tier.id, {})) for tier in tiers)


current_tiers = Remembered(_from_rows)
