"""Who may vote in a round: the roll, how one comes onto it, and the hash by which it can be checked."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import insert_ignore, locked
from membership.newsroom.site_version import bump
from membership.patrons.standing import Standing
from membership.patrons.who import Donors, Entitled, entitled, entitled_one
from membership.topics.models import RollEntry, Round
from membership.topics.round_terms import donors_since

AT_OPENING = "opening"
JOINED = "joined"
SWEPT = "sweep"

# Below this, counts would tell how single people voted; and how few voted would tell it of whom one knows.
WITHHELD_UNDER = 5


@dataclass(frozen=True)
class RollLine:
    """What the hash says of one entry. No person stands in it."""

    round_slug: str
    key: str
    weight: int
    standing: str
    added_at: datetime

    def __str__(self) -> str:
        return f"{self.round_slug}\t{self.key}\t{self.weight}\t{self.standing}\t{_written(self.added_at)}\n"


@dataclass(frozen=True)
class RollCheck:
    """Whether the published hashes follow from the rows; `final` is `None` while none is published."""

    opening: bool
    final: bool | None


def roll_hash(lines: Iterable[RollLine]) -> str:
    """Returns SHA-256, as lower-case hex, over the lines of a roll, sorted by key.

    Each line is UTF-8: round slug, key, weight, standing and the time of joining, divided by one TAB and ended
    by one LF; the time is UTC as `2026-11-22T12:00:00.000000Z`. No header; an empty roll is the empty text.
    """
    ordered = sorted(lines, key=lambda each: each.key)
    return sha256("".join(map(str, ordered)).encode()).hexdigest()


def may_vote_now(session: Session, account_id: int, *, now: datetime) -> int:
    """Adds an account to every round that can still be joined, if its standing lets it vote.

    Standing is asked here and never again for these rounds. Returns how many rounds it joined.
    """
    joined = 0
    for round_ in joinable(session, now=now):
        found = entitled_one(session, account_id, donors=donors_of(round_), now=now)
        if found is not None:
            joined += join(
                session,
                round_.id,
                account_id,
                found.standing,
                reason=JOINED,
                payment_id=found.payment_id,
                now=now,
            )
    if joined:
        bump(session)
    return joined


def join_by_signing_in(session: Session, account: Account, *, now: datetime) -> None:
    """Brings whoever has signed in onto the rolls of the rounds that take them: donors come this way."""
    may_vote_now(session, account.id, now=now)


def join(
    session: Session,
    round_id: int,
    account_id: int,
    standing: Standing,
    *,
    reason: str,
    payment_id: int | None = None,
    now: datetime,
) -> bool:
    """Adds one entry to the roll of a round; `False` if it is there already, or if joining is over.

    `payment_id` is the payment that the standing rests on.
    """
    round_ = locked(session, Round, round_id, shared=True)
    # The final hash may have been published, or the round called off, while we waited for the lock.
    if round_ is None or not _takes_joiners(round_) or not round_.opens_at <= now < round_.joins_until:
        return False
    return insert_ignore(
        session,
        RollEntry,
        round_id=round_id,
        key=fresh_key(),
        account_id=account_id,
        weight=1,
        standing=standing.kind,
        added_at=now,
        reason=reason,
        payment_id=payment_id,
    )


def missing(session: Session, round_: Round, *, now: datetime) -> list[Entitled]:
    """Lists who may vote now and is not on the roll of a round: no event has brought them."""

    def is_absent(account_id: ColumnElement[int]) -> ColumnElement[bool]:
        return ~exists().where(RollEntry.round_id == round_.id, RollEntry.account_id == account_id)

    return list(entitled(session, donors=donors_of(round_), among=is_absent, now=now).values())


def joinable(session: Session, *, now: datetime) -> list[Round]:
    """Lists the rounds that can still be joined."""
    rounds = select(Round).where(
        Round.roll_hash_open.is_not(None),
        Round.opens_at <= now,
        Round.joins_until > now,
        Round.roll_hash_final.is_(None),
        Round.closed_at.is_(None),
        Round.called_off_at.is_(None),
    )
    return list(session.scalars(rounds.order_by(Round.id)))


def donors_of(round_: Round, *, opens_at: datetime | None = None) -> Donors | None:
    """Says which single gifts let vote in a round; `None`: it is for patrons alone. `opens_at`: if it opened then."""
    since = donors_since(round_, opens_at=opens_at)
    return None if since is None else Donors(since, until=round_.closes_at)


def seal(session: Session, round_: Round) -> None:
    """Publishes the final hash of a roll whose round the caller has locked and whose time of joining is over.

    The caller bumps the site's version, as the last thing it does.
    """
    if round_.roll_hash_final is None:
        round_.roll_hash_final = current_hash(session, round_)
        session.flush()


def current_hash(session: Session, round_: Round) -> str:
    """Computes the hash of the roll as it stands."""
    return roll_hash(_lines(session, round_, _entries(round_)))


def verify_roll(session: Session, round_: Round) -> RollCheck:
    """Computes both published hashes of a round anew."""
    opening = roll_hash(_lines(session, round_, _entries(round_).where(RollEntry.reason == AT_OPENING)))
    final = None if round_.roll_hash_final is None else current_hash(session, round_) == round_.roll_hash_final
    return RollCheck(opening == round_.roll_hash_open, final)


def roll_size(session: Session, round_id: int) -> int:
    """Counts who is on the roll of a round, barred ones included, as the hash does."""
    return session.scalar(_counted(round_id)) or 0


def turnout(session: Session, round_id: int) -> int:
    """Counts whose vote is in: withdrawn and voided ones are not."""
    voted = _counted(round_id).where(RollEntry.voted_at.is_not(None), RollEntry.barred_at.is_(None))
    return session.scalar(voted) or 0


def told_turnout(session: Session, round_id: int) -> int | None:
    """Counts whose vote is in, as far as it is told to anyone: `None` under five."""
    count = turnout(session, round_id)
    return None if count < WITHHELD_UNDER else count


def voided(session: Session, round_id: int) -> int:
    """Counts whose vote was in and does not count, because they were barred."""
    barred = _counted(round_id).where(RollEntry.voted_at.is_not(None), RollEntry.barred_at.is_not(None))
    return session.scalar(barred) or 0


# All who were there at the opening share one moment.
@lru_cache(maxsize=1024)
def _written(added_at: datetime) -> str:
    return added_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _counted(round_id: int) -> Select[int]:
    return select(func.count()).select_from(RollEntry).where(RollEntry.round_id == round_id)


def _entries(round_: Round) -> Select[str, int, str, datetime]:
    return select(RollEntry.key, RollEntry.weight, RollEntry.standing, RollEntry.added_at).where(
        RollEntry.round_id == round_.id
    )


def _lines(session: Session, round_: Round, entries: Select[str, int, str, datetime]) -> list[RollLine]:
    return [RollLine(round_.slug, *row) for row in session.execute(entries)]


def fresh_key() -> str:
    """Makes the random key of an entry."""
    return secrets.token_hex(16)


def _takes_joiners(round_: Round) -> bool:
    is_open = round_.roll_hash_open is not None and round_.called_off_at is None
    return is_open and round_.roll_hash_final is None
