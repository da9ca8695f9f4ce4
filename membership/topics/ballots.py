"""A ballot: cast, changed, withdrawn, and read by the one whose it is, until the round closes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.db import locked
from membership.errors import NotAllowed, NotFound, Refusal, WrongState
from membership.outbox.rows import put_off
from membership.topics.models import OpenBallot, OpenChoice, RollEntry, Round, RoundTopic, Topic

RECEIPT_LETTER: Final = "ballot_receipt"
LETTER_AFTER = timedelta(minutes=10)
LETTER_BEFORE_CLOSE = timedelta(minutes=1)

# Crockford's base 32: no I, L, O, U, so that a code can be read out. https://www.crockford.com/base32.html
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SIGNS = 16  # of five bits each: 80 random bits

NOT_ON_THE_ROLL = "This round is for patrons. The topics are open to read."
IS_CLOSED = "This round has closed. The vote was not changed."


@dataclass(frozen=True)
class Ballot:
    """One person's ballot as it is kept. Version 0: none yet; no choices under a higher version: withdrawn.

    `choices` are topic slugs, in no order of meaning. `receipt` is empty under version 0.
    """

    version: int
    choices: frozenset[str]
    receipt: str
    changed_at: datetime | None


@dataclass(frozen=True)
class Voter:
    """One person's place in a round: the key of the roll entry and the ballot."""

    roll_id: int
    key: str
    ballot: Ballot


class StaleBallot(WrongState):
    """The ballot was changed meanwhile, in another tab; `kept` is what stands."""

    def __init__(self, kept: Ballot) -> None:
        super().__init__("Your ballot was changed meanwhile. Below is what stands, and what you chose here.")
        self.kept = kept


NO_BALLOT = Ballot(0, frozenset(), "", None)


def cast(
    session: Session, round_id: int, account_id: int, choices: Sequence[str], *, version: int, clock: Clock
) -> Ballot:
    """Keeps the whole choice (topic slugs) of one voter; none withdraws the vote. Returns the ballot that stands.

    `version` is the one that the voter saw. Raises `WrongState` before the opening, from the close on and, as
    `StaleBallot`, for another version; `NotAllowed` for who is not on the roll; `Refusal` about the choices.
    """
    round_ = locked(session, Round, round_id, shared=True)
    if round_ is None:
        raise NotFound("There is no such round.")
    now = clock.now()  # only under the lock: whoever is closing has then finished, or waits for us
    _refuse_unless_open(round_, now=now)
    entry = session.scalar(_entry_of(round_id, account_id).with_for_update().execution_options(populate_existing=True))
    if entry is None:
        raise NotAllowed(NOT_ON_THE_ROLL)
    if entry.barred_at is not None:
        raise NotAllowed("You cannot vote in this round: the payment that put you on its roll was taken back.")
    held = ballot_of(session, entry.id)
    topics = _checked(session, round_, choices)
    if version != held.version:
        raise StaleBallot(held)
    if not topics and not held.choices:
        raise Refusal("Choose at least one topic.", field="choices")
    _keep(session, entry, topics, now=now)
    due_at = min(now + LETTER_AFTER, round_.closes_at - LETTER_BEFORE_CLOSE)
    put_off(session, RECEIPT_LETTER, f"{round_.slug}.{entry.key}", {"roll_id": entry.id}, due_at=due_at, now=now)
    return ballot_of(session, entry.id)


def voter_in(session: Session, round_id: int, account_id: int) -> Voter | None:
    """Returns a person's place in a round and the ballot that stands; `None` if not on the roll, or barred."""
    entry = session.scalar(_entry_of(round_id, account_id))
    if entry is None or entry.barred_at is not None:
        return None
    return Voter(entry.id, entry.key, ballot_of(session, entry.id))


def ballot_of(session: Session, roll_id: int) -> Ballot:
    """Returns the ballot of one entry of the roll as it stands; `NO_BALLOT` if there is none (any more)."""
    rows = session.execute(
        select(OpenBallot.version, OpenBallot.receipt, OpenBallot.changed_at, Topic.slug)
        .outerjoin(OpenChoice, OpenChoice.ballot_id == OpenBallot.id)
        .outerjoin(Topic, Topic.id == OpenChoice.topic_id)
        .where(OpenBallot.roll_id == roll_id)
    ).all()
    if not rows:
        return NO_BALLOT
    version, receipt, changed_at, _slug = rows[0]
    return Ballot(version, frozenset(row.slug for row in rows if row.slug is not None), receipt, changed_at)


def in_ballot_order(slugs: Sequence[str], key: str) -> tuple[str, ...]:
    """Orders topics for one voter: random between voters, the same each time for this key of the roll."""
    return tuple(sorted(slugs, key=lambda slug: sha256(f"{key}\n{slug}".encode()).digest()))


def fresh_receipt() -> str:
    """Makes a receipt code of 80 random bits, in groups of four: `K7Q2-9M4D-0XTW-51BC`."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(CODE_SIGNS))
    return "-".join(signs[at : at + 4] for at in range(0, CODE_SIGNS, 4))


def _refuse_unless_open(round_: Round, *, now: datetime) -> None:
    if now < round_.opens_at:
        raise WrongState("This round is not open yet.")
    if now >= round_.closes_at or round_.closed_at is not None:
        raise WrongState(IS_CLOSED)


def _checked(session: Session, round_: Round, choices: Sequence[str]) -> dict[str, int]:
    if len(set(choices)) != len(choices):
        raise Refusal("Each topic can be chosen once.", field="choices")
    rows = session.execute(
        select(Topic.slug, Topic.id)
        .join(RoundTopic, RoundTopic.topic_id == Topic.id)
        .where(RoundTopic.round_id == round_.id)
    )
    of_round = {row.slug: row.id for row in rows}
    for slug in choices:
        if slug not in of_round:
            raise Refusal("“%(slug)s” is not a topic of this round.", field="choices", slug=slug[:80])
    if len(choices) > round_.choices:
        raise Refusal(
            "You chose %(chosen)s topics; this round has room for %(choices)s.",
            field="choices",
            chosen=len(choices),
            choices=round_.choices,
        )
    return {slug: of_round[slug] for slug in choices}


def _keep(session: Session, entry: RollEntry, topics: dict[str, int], *, now: datetime) -> None:
    ballot = session.scalar(select(OpenBallot).where(OpenBallot.roll_id == entry.id))
    if ballot is None:
        ballot = OpenBallot(roll_id=entry.id, receipt=fresh_receipt(), version=0, changed_at=now)
        session.add(ballot)
    ballot.version += 1
    ballot.changed_at = now
    session.flush()
    session.execute(delete(OpenChoice).where(OpenChoice.ballot_id == ballot.id))
    session.add_all(OpenChoice(ballot_id=ballot.id, topic_id=topic_id, value=1) for topic_id in topics.values())
    entry.voted_at = (entry.voted_at or now) if topics else None
    session.flush()


def _entry_of(round_id: int, account_id: int) -> Select[RollEntry]:
    return select(RollEntry).where(RollEntry.round_id == round_id, RollEntry.account_id == account_id)
