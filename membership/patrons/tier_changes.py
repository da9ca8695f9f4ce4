"""What finance and admin do with tiers: name, price, order and archive them. Each act is in the audit log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from slugify import slugify
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.errors import NotFound, Refusal, WrongState
from membership.newsroom.site_version import bump
from membership.patrons.models import Tier
from membership.patrons.tiers import RESERVED, TierAmounts, amounts_of, keep_amounts

UP, DOWN = DIRECTIONS = ("up", "down")
SLUG_LENGTH = 60


@dataclass(frozen=True)
class TierWish:
    """A tier as somebody wants it: a name, what one gets, and what it costs."""

    name: str
    benefits: tuple[str, ...]
    amounts: TierAmounts


def make_tier(session: Session, wish: TierWish, *, by: int, now: datetime) -> Tier:
    """Makes a tier, the last in order. `by` is the account that acts. Raises `Refusal` if another bears its name."""
    others = _all(session)
    _check_name(wish.name, others)
    tier = Tier(
        slug=_free_slug(wish.name, others),
        name=wish.name,
        benefits=list(wish.benefits),
        position=max((each.position for each in others), default=-1) + 1,
    )
    session.add(tier)
    session.flush()
    keep_amounts(session, tier, wish.amounts)
    _tell(session, "made", tier, ("name", "benefits", *_paths(wish.amounts)), by=by, now=now)
    return tier


def change_tier(session: Session, slug: str, wish: TierWish, *, by: int, now: datetime) -> None:
    """Names a tier anew, or sets what one gets and what it costs; what stays as it was is no change.

    Raises `NotFound`, or `Refusal` if another tier bears the name.
    """
    tiers = _all(session)
    tier = _find(tiers, slug)
    _check_name(wish.name, (each for each in tiers if each is not tier))
    was = amounts_of(session, tier.id).get(tier.id, {})
    changed = [path for path, key in _keys(was, wish.amounts) if was.get(key) != wish.amounts.get(key)]
    if tier.benefits != list(wish.benefits):
        changed.insert(0, "benefits")
    if tier.name != wish.name:
        changed.insert(0, "name")
    if not changed:
        return
    tier.name, tier.benefits = wish.name, list(wish.benefits)
    keep_amounts(session, tier, wish.amounts)
    _tell(session, "changed", tier, changed, by=by, now=now)


def move_tier(session: Session, slug: str, direction: str, *, by: int, now: datetime) -> None:
    """Moves a tier up or down among those that are offered. Raises `NotFound`, `WrongState`, or `Refusal`."""
    if direction not in DIRECTIONS:
        raise Refusal("A tier moves up or down.", field="direction")
    tiers = _all(session)
    tier = _find(tiers, slug)
    offered = [each for each in tiers if each.archived_at is None]
    if tier not in offered:
        raise WrongState("This tier is archived: it has no place among those that are offered.")
    at = offered.index(tier)
    to = at + (-1 if direction == UP else 1)
    if not 0 <= to < len(offered):
        return
    offered[at], offered[to] = offered[to], offered[at]
    for position, each in enumerate([*offered, *(each for each in tiers if each.archived_at is not None)]):
        each.position = position
    _tell(session, "moved", tier, ("position",), by=by, now=now)


def archive_tier(session: Session, slug: str, *, by: int, now: datetime) -> None:
    """Takes a tier out of what is offered; who reached it has the next lower one. Archiving twice is archiving."""
    tier = _find(_all(session), slug)
    if tier.archived_at is None:
        tier.archived_at = now
        _tell(session, "archived", tier, ("archived_at",), by=by, now=now)


def restore_tier(session: Session, slug: str, *, by: int, now: datetime) -> None:
    """Offers an archived tier again, the last in order. Raises `Refusal` if another bears its name meanwhile."""
    tiers = _all(session)
    tier = _find(tiers, slug)
    if tier.archived_at is not None:
        _check_name(tier.name, (each for each in tiers if each is not tier))
        tier.archived_at = None
        tier.position = max(each.position for each in tiers) + 1
        _tell(session, "restored", tier, ("archived_at",), by=by, now=now)


def _all(session: Session) -> Sequence[Tier]:
    # They are few, and their order and names depend on each other: whoever changes one holds all.
    ordered = select(Tier).order_by(Tier.position, Tier.id).with_for_update()
    return session.scalars(ordered, execution_options={"populate_existing": True}).all()


def _find(tiers: Sequence[Tier], slug: str) -> Tier:
    tier = next((each for each in tiers if each.slug == slug), None)
    if tier is None:
        raise NotFound("There is no such tier.")
    return tier


def _check_name(name: str, others: Iterable[Tier]) -> None:
    if any(each.archived_at is None and each.name.casefold() == name.casefold() for each in others):
        raise Refusal("Another tier is named “%(name)s” already.", field="name", name=name)


def _free_slug(name: str, others: Sequence[Tier]) -> str:
    taken = RESERVED | {each.slug for each in others}
    wanted = slugify(name, max_length=SLUG_LENGTH - 4) or "tier"
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in taken)


def _keys(*amounts: TierAmounts) -> list[tuple[str, tuple[str, str]]]:
    keys = sorted({key for each in amounts for key in each})
    return [(f"amounts.{cadence}.{currency}", (cadence, currency)) for cadence, currency in keys]


def _paths(amounts: TierAmounts) -> tuple[str, ...]:
    return tuple(path for path, _key in _keys(amounts))


def _tell(session: Session, act: str, tier: Tier, fields: Sequence[str], *, by: int, now: datetime) -> None:
    bump(session)
    record(session, f"{act} tier", "tier", tier.slug, actor_id=by, fields=fields, now=now)
