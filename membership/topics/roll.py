"""Who may vote in a round: the roll, how one comes onto it, and the hash by which it can be checked."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from membership.db import insert_ignore, locked
from membership.newsroom.site_version import bump
from membership.patrons.standing import Standing
from membership.patrons.who import accounts_that_may_vote, standing_of
from membership.topics.models import RollEntry, Round

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
        added_at = self.added_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return f"{self.round_slug}\t{self.key}\t{self.weight}\t{self.standing}\t{added_at}\n"


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


def make_roll(session: Session, round_: Round, *, now: datetime) -> str:
    """Puts everyone who may vote now on the roll of a round that is being opened, and returns the hash."""
    for account_id, standing in accounts_that_may_vote(session, now=now):
        session.add(_entry(round_, account_id, standing, reason=AT_OPENING, now=now))
    session.flush()
    return current_hash(session, round_)


def may_vote_now(session: Session, account_id: int, *, now: datetime) -> int:
    """Adds an account to every round that can still be joined, if its standing lets it vote.

    Standing is asked here and never again for these rounds. Returns how many rounds it joined.
    """
    round_ids = joinable(session, now=now)
    if not round_ids:
        return 0
    standing = standing_of(session, account_id, now=now)
    if not standing.may_vote:
        return 0
    joined = sum(join(session, each, account_id, standing, reason=JOINED, now=now) for each in round_ids)
    if joined:
        bump(session)
    return joined


def join(session: Session, round_id: int, account_id: int, standing: Standing, *, reason: str, now: datetime) -> bool:
    """Adds one entry to the roll of a round; `False` if it is there already, or if joining is over."""
    round_ = locked(session, Round, round_id, shared=True)
    # The final hash may have been published while we waited for the lock.
    if round_ is None or round_.roll_hash_final is not None or not round_.opens_at <= now < round_.joins_until:
        return False
    return insert_ignore(
        session,
        RollEntry,
        round_id=round_id,
        key=_fresh_key(),
        account_id=account_id,
        weight=1,
        standing=standing.kind,
        added_at=now,
        reason=reason,
    )


def missing(session: Session, round_id: int, *, now: datetime) -> list[tuple[int, Standing]]:
    """Lists who may vote now and is not on the roll of a round: no event has brought them."""
    on_roll = set(session.scalars(select(RollEntry.account_id).where(RollEntry.round_id == round_id)))
    return [each for each in accounts_that_may_vote(session, now=now) if each[0] not in on_roll]


def joinable(session: Session, *, now: datetime) -> list[int]:
    """Lists the rounds that can still be joined."""
    rounds = select(Round.id).where(
        Round.opens_at <= now, Round.joins_until > now, Round.roll_hash_final.is_(None), Round.closed_at.is_(None)
    )
    return list(session.scalars(rounds.order_by(Round.id)))


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


def _counted(round_id: int) -> Select[int]:
    return select(func.count()).select_from(RollEntry).where(RollEntry.round_id == round_id)


def _entries(round_: Round) -> Select[str, int, str, datetime]:
    return select(RollEntry.key, RollEntry.weight, RollEntry.standing, RollEntry.added_at).where(
        RollEntry.round_id == round_.id
    )


def _lines(session: Session, round_: Round, entries: Select[str, int, str, datetime]) -> list[RollLine]:
    return [RollLine(round_.slug, *row) for row in session.execute(entries)]


def _entry(round_: Round, account_id: int, standing: Standing, *, reason: str, now: datetime) -> RollEntry:
    return RollEntry(
        round_id=round_.id,
        key=_fresh_key(),
        account_id=account_id,
        weight=1,
        standing=standing.kind,
        added_at=now,
        reason=reason,
    )


def _fresh_key() -> str:
    return secrets.token_hex(16)
