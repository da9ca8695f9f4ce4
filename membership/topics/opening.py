"""The opening of a round: its roll is made of everyone who may vote then, and hashed, and its promise stands.

Standings of many take seconds to compute. So that is done before, by a read. The rows are written before the round is
locked, and nobody sees them; under the lock only what changed meanwhile is computed again.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.db import Moment, locked, take_turn
from membership.errors import WrongState
from membership.newsroom.site_version import bump
from membership.patrons.entitlements import Entitlements, changes, compute
from membership.topics.announcing import CHECKS, take_topics
from membership.topics.drafting import held_draft, make_draft
from membership.topics.models import Round, Topic
from membership.topics.moves import hold, tell
from membership.topics.roll import AT_OPENING, RollLine, donors_of, fresh_key, roll_hash
from membership.topics.round_terms import Candidate, Terms, check_times
from membership.web.slugs import is_slug


@dataclass(frozen=True)
class PreparedRoll:
    """A roll that was made without a lock: its lines (key, account, standing, payment) by key, and their hash."""

    entitlements: Entitlements
    lines: tuple[tuple[str, int, str, int | None], ...]
    hash: str


def prepare(session: Session, round_: Round, *, now: datetime) -> PreparedRoll:
    """Makes, by reading, the roll of a round that is about to open at `now`."""
    donors = donors_of(round_, opens_at=_opens_at(round_, now))
    prepared = _prepared(round_, compute(session, donors=donors, now=now))
    # That took a while, and what is found now need not be found when others wait.
    return _up_to_date(session, round_, prepared, now=now)


def begin(session: Session, round_id: int, prepared: PreparedRoll, *, by: int | None = None, now: datetime) -> bool:
    """Opens an announced round, with its roll and the roll's hash; before its time, if the caller so decided.

    `False` if it is not waiting any more: it may be called by any number of callers at once. Raises `WrongState` if its
    close has come before anybody opened it.
    """
    take_turn(session, f"opening {round_id}")
    round_ = session.get(Round, round_id, populate_existing=True)
    if round_ is None or not is_waiting(round_):
        return False
    if not _wrote_unseen(session, round_id, prepared, now=now):
        if locked(session, Round, round_id) is None or not is_waiting(round_):
            return False
        prepared = _wrote(session, round_, prepared, now=now)
    _open(session, round_, prepared, now=now)
    bump(session)
    record(session, "opened", "round", round_.slug, actor_id=by, now=now)
    return True


def open_draft(
    session: Session,
    round_id: int,
    checks: Collection[str],
    prepared: PreparedRoll,
    *,
    seen: str | None = None,
    by: int | None,
    now: datetime,
) -> Round:
    """Announces and opens a draft in one go; raises as `announce` does."""
    round_ = held_draft(session, round_id, seen=seen)
    # The database refuses times that make no sense, without a word: they are looked at before it sees them.
    check_times(now, round_.joins_until, round_.closes_at)
    round_.opens_at = now
    topics = take_topics(session, round_, checks, by=by, now=now)
    _open(session, round_, _wrote(session, round_, prepared, now=now), now=now)
    tell(session, topics, by=by, now=now)
    record(session, "announced", "round", round_.slug, actor_id=by, fields=CHECKS, now=now)
    record(session, "opened", "round", round_.slug, actor_id=by, now=now)
    return round_


def open_round(
    session: Session,
    title: str,
    question: str,
    topics: Sequence[str | Candidate],
    *,
    closes_at: datetime,
    choices: int,
    winners: int,
    joins_until: datetime | None = None,
    secret: bool = True,
    donor_months: int | None = None,
    by: int | None,
    now: datetime,
) -> Round:
    """Drafts, announces and opens a round at `now` over shortlisted topics, in one go; see `Terms` and `Candidate`.

    Raises `Refusal` about a field, and `WrongState` for a topic that is not on the shortlist.
    """
    terms = Terms(title, question, now, closes_at, choices, winners, joins_until, secret, donor_months)
    named = [Candidate(each) if isinstance(each, str) else each for each in topics]
    # Whoever is about to move one of them is waited for: then it is seen where it went.
    hold(session, Topic.slug.in_([each.slug for each in named if is_slug(each.slug)]))
    round_ = make_draft(session, terms, named, now=now)
    return open_draft(session, round_.id, CHECKS, prepare(session, round_, now=now), by=by, now=now)


def _wrote_unseen(session: Session, round_id: int, prepared: PreparedRoll, *, now: datetime) -> bool:
    """Writes the roll while nobody waits for it, and then locks the round.

    `False`, and nothing written or locked, if something changed meanwhile.
    """
    before = session.begin_nested()
    _write(session, round_id, prepared, now=now)
    round_ = locked(session, Round, round_id)
    if round_ is None or not is_waiting(round_) or _up_to_date(session, round_, prepared, now=now) is not prepared:
        before.rollback()
        return False
    before.commit()
    return True


def _wrote(session: Session, round_: Round, prepared: PreparedRoll, *, now: datetime) -> PreparedRoll:
    """Writes the roll of a round that is held, as it is by now, and returns it so."""
    prepared = _up_to_date(session, round_, prepared, now=now)
    _write(session, round_.id, prepared, now=now)
    return prepared


def _up_to_date(session: Session, round_: Round, prepared: PreparedRoll, *, now: datetime) -> PreparedRoll:
    """Computes again what changed since a roll was prepared; the same one if nothing did."""
    donors, before = donors_of(round_, opens_at=_opens_at(round_, now)), prepared.entitlements
    if (before.donors, before.now) != (donors, now):
        return prepare(session, round_, now=now)
    changed = changes(session, before)
    if not changed:
        return prepared
    stand = {**before.found, **changed}.items()
    found = {account_id: each for account_id, each in stand if each is not None}
    return _prepared(round_, replace(before, found=found))


def _write(session: Session, round_id: int, prepared: PreparedRoll, *, now: datetime) -> None:
    values = {"round_id": round_id, "added_at": now, "reason": AT_OPENING, "lines": json.dumps(prepared.lines)}
    session.execute(_INSERT[session.get_bind().dialect.name], values)


def _open(session: Session, round_: Round, prepared: PreparedRoll, *, now: datetime) -> None:
    if now >= round_.closes_at:
        raise WrongState("The time of the close has passed before this round could open. Take it back.")
    round_.opens_at = _opens_at(round_, now)
    round_.roll_hash_open = prepared.hash
    session.flush()


def _opens_at(round_: Round, now: datetime) -> datetime:
    return min(round_.opens_at, now)


def is_waiting(round_: Round) -> bool:
    """Says whether a round is announced and has not opened."""
    return round_.announced_at is not None and round_.roll_hash_open is None and round_.called_off_at is None


def _prepared(round_: Round, entitlements: Entitlements) -> PreparedRoll:
    everyone = entitlements.found.values()
    # In the order of random keys, the order of rows says nothing of whose they are.
    lines = sorted((fresh_key(), each.account_id, each.standing.kind, each.payment_id) for each in everyone)
    hashed = roll_hash(RollLine(round_.slug, key, 1, standing, entitlements.now) for key, _, standing, _ in lines)
    return PreparedRoll(entitlements, tuple(lines), hashed)


# One statement for all: a hundred thousand would keep other writers waiting.
_INTO: Final = "INSERT INTO roll (round_id, key, account_id, weight, standing, added_at, reason, payment_id) "
_INSERT: Final = {
    dialect: text(_INTO + rows).bindparams(bindparam("added_at", type_=Moment()))
    for dialect, rows in (
        (
            "sqlite",
            "SELECT :round_id, value ->> 0, value ->> 1, 1, value ->> 2, :added_at, :reason, value ->> 3 "
            "FROM json_each(:lines)",
        ),
        (
            "postgresql",
            "SELECT :round_id, value ->> 0, CAST(value ->> 1 AS bigint), 1, value ->> 2, :added_at, :reason, "
            "CAST(value ->> 3 AS bigint) FROM json_array_elements(CAST(:lines AS json))",
        ),
    )
}
