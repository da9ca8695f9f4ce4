"""Who may vote, computed for everyone at once, and brought up to date by looking only at what changed since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, func, literal_column, select, union
from sqlalchemy.orm import Session

from membership.db import Id
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.who import STANDS_BY, Among, Donors, Entitled, entitled
from membership.payments.models import Payer, Payment, PaymentState

# Steps of payments get their numbers before they are committed: so many may have come to light later than newer ones.
STILL_ON_THEIR_WAY = 1000
# Accounts are compared in so large parts, and one part is computed again as a whole.
PART = 500


@dataclass(frozen=True)
class Entitlements:
    """Everyone who may vote at `now`, by account, and the digests of the facts that this was computed from, by part."""

    found: Mapping[int, Entitled]
    donors: Donors | None
    now: datetime
    digests: Mapping[int, str]
    last_step: int


def compute(session: Session, *, donors: Donors | None = None, now: datetime) -> Entitlements:
    """Computes who may vote at `now`: seconds, for a hundred thousand patrons. No lock is needed."""
    # The facts are read before, so that what changes while standings are computed is seen later.
    last_step, digests = session.scalar(select(func.max(PaymentState.id))) or 0, _digests(session)
    return Entitlements(entitled(session, donors=donors, now=now), donors, now, digests, last_step)


def changes(session: Session, before: Entitlements) -> dict[int, Entitled | None]:
    """Returns what is different by now, by account; `None`: it may not vote any more.

    Only accounts are computed again whose pledge, or whose payments, may have changed.
    """
    changed: dict[int, Entitled | None] = {}
    for accounts in _perhaps_changed(session, before):
        again = entitled(session, donors=before.donors, among=_one_of(accounts), now=before.now)
        for account_id in accounts:
            if again.get(account_id) != before.found.get(account_id):
                changed[account_id] = again.get(account_id)
    return changed


def _perhaps_changed(session: Session, before: Entitlements) -> Iterator[range | list[int]]:
    parts = {part for part, _digest in set(_digests(session).items()) ^ set(before.digests.items())}
    yield from (range(part * PART, (part + 1) * PART) for part in sorted(parts))
    moved = sorted(_whose_money_moved(session, before.last_step - STILL_ON_THEIR_WAY))
    yield from (moved[at : at + PART] for at in range(0, len(moved), PART))


def _digests(session: Session) -> dict[int, str]:
    # Made by the database: a hundred thousand pledges are not read, only compared.
    facts: ColumnElement[str] = cast(Pledge.account_id, String)
    for column in STANDS_BY:
        facts = facts + "|" + func.coalesce(cast(column, String), "")
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    all_facts = func.sum(func.hashtextextended(facts, 0)) if is_postgresql else func.group_concat(facts)
    part = Pledge.account_id.op("/", return_type=Id)(literal_column(str(PART)))
    rows = session.execute(select(part, cast(all_facts, String)).where(Pledge.live).group_by(part))
    return {number: digest for number, digest in rows}  # noqa: C416 - rows are no pairs to the type checker


def _whose_money_moved(session: Session, last_step: int) -> set[int]:
    moved = select(PaymentState.payment_id).where(PaymentState.id > last_step).distinct().subquery()
    by_pledge = (
        select(Pledge.account_id)
        .join(PledgePayment, PledgePayment.pledge_id == Pledge.id)
        .join(moved, moved.c.payment_id == PledgePayment.payment_id)
    )
    by_payer = (
        select(Payer.account_id)
        .join(Payment, Payment.payer_id == Payer.id)
        .join(moved, moved.c.payment_id == Payment.id)
        .where(Payer.account_id.is_not(None))
    )
    return set(session.scalars(union(by_pledge, by_payer)))


def _one_of(accounts: range | list[int]) -> Among:
    if isinstance(accounts, range):
        return lambda account_id: account_id.between(accounts.start, accounts.stop - 1)
    return lambda account_id: account_id.in_(accounts)
