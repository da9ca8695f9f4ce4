"""A ballot: cast, changed, withdrawn, and read by the one whose it is, until the round closes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.errors import NotAllowed, NotFound, Refusal, WrongState
from membership.topics.models import OpenBallot, OpenChoice, RollEntry, Topic
from membership.topics.saving import Held, Vote, hold, save
from membership.web.slugs import is_slug

LETTER_AFTER = timedelta(minutes=10)
LETTER_BEFORE_CLOSE = timedelta(minutes=1)

# Crockford's base 32: no I, L, O, U, so that a code can be read out. https://www.crockford.com/base32.html
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SIGN_BITS = 5
CODE_SIGNS = 16  # 80 random bits

NOT_ON_THE_ROLL = "This round is for patrons. The topics are open to read."
IS_BARRED = "You cannot vote in this round: the payment that put you on its roll was taken back."
IS_CLOSED = "This round has closed. The vote was not changed."
IS_CALLED_OFF = "This round was called off. Nothing of it counts."


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
    held = hold(session, account_id, _askable(choices), round_id=round_id)
    return _cast(session, held, choices, version=version, clock=clock)


def cast_at(
    session: Session, slug: str, account_id: int, choices: Sequence[str], *, version: int, clock: Clock
) -> Ballot:
    """As `cast`, for the round at an address."""
    held = hold(session, account_id, _askable(choices), slug=slug) if is_slug(slug) else None
    return _cast(session, held, choices, version=version, clock=clock)


def letter_due_at(changed_at: datetime, closes_at: datetime) -> datetime:
    """Says when the letter about a vote goes out: ten minutes after the last change, a minute before the close."""
    return min(changed_at + LETTER_AFTER, closes_at - LETTER_BEFORE_CLOSE)


def voter_in(session: Session, round_id: int, account_id: int) -> Voter | None:
    """Returns a person's place in a round and the ballot that stands; `None` if not on the roll, or barred."""
    entry = session.scalar(_entry_of(round_id, account_id))
    if entry is None or entry.barred_at is not None:
        return None
    return Voter(entry.id, entry.key, ballot_of(session, entry.id))


def is_barred(session: Session, round_id: int, account_id: int) -> bool:
    """Says whether a person stands on the roll and may not vote, because the payment behind it went back."""
    barred = _entry_of(round_id, account_id).where(RollEntry.barred_at.is_not(None))
    return session.scalar(barred) is not None


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
    # Asked for once: each time the kernel is asked, other threads take the interpreter.
    bits = secrets.randbits(CODE_SIGNS * SIGN_BITS)
    signs = "".join(ALPHABET[bits >> at * SIGN_BITS & 31] for at in range(CODE_SIGNS))
    return "-".join(signs[at : at + 4] for at in range(0, CODE_SIGNS, 4))


def _askable(choices: Sequence[str]) -> set[str]:
    # What cannot be an address is no topic; PostgreSQL would not even take it for a text.
    return {slug for slug in choices if is_slug(slug)}


def _cast(session: Session, held: Held | None, choices: Sequence[str], *, version: int, clock: Clock) -> Ballot:
    now = clock.now()  # only now that the round is held: whoever is closing has then finished, or waits for us
    if held is None or not held.is_public:
        raise NotFound("There is no such round.")
    _refuse_unless_open(held, now=now)
    if held.entry_id is None:
        raise NotAllowed(NOT_ON_THE_ROLL)
    if held.barred_at is not None:
        raise NotAllowed(IS_BARRED)
    _check(held, choices)
    if not choices or not held.endangered.isdisjoint(choices):
        _check_with_what_stands(ballot_of(session, held.entry_id), held, choices, version)
    vote = Vote(
        entry_id=held.entry_id,
        seen=version,
        topic_ids=[held.topics[slug] for slug in choices],
        marks_voted=(held.voted_at is None) == bool(choices),
        receipt=fresh_receipt(),
        letter=f"{held.slug}.{held.key}",
        letter_due_at=letter_due_at(now, held.closes_at),
    )
    kept = save(session, vote, now=now)
    if kept is None:
        raise StaleBallot(ballot_of(session, held.entry_id))
    return Ballot(version=kept[0], choices=frozenset(choices), receipt=kept[1], changed_at=now)


def _refuse_unless_open(held: Held, *, now: datetime) -> None:
    if held.called_off_at is not None:
        raise WrongState(IS_CALLED_OFF)
    if now >= held.closes_at or held.closed_at is not None:
        raise WrongState(IS_CLOSED)
    if now < held.opens_at or not held.is_opened:
        raise WrongState("This round is not open yet.")


def _check(held: Held, choices: Sequence[str]) -> None:
    if len(set(choices)) != len(choices):
        raise Refusal("Each topic can be chosen once.", field="choices")
    for slug in choices:
        if slug not in held.topics:
            raise Refusal("“%(slug)s” is not a topic of this round.", field="choices", slug=slug[:80])
    if len(choices) > held.choices:
        raise Refusal(
            "You chose %(chosen)s topics; this round has room for %(choices)s.",
            field="choices",
            chosen=len(choices),
            choices=held.choices,
        )


def _check_with_what_stands(stands: Ballot, held: Held, choices: Sequence[str], version: int) -> None:
    if version != stands.version:
        raise StaleBallot(stands)
    if not choices and not stands.choices:
        raise Refusal("Choose at least one topic.", field="choices")
    # It may stay where it was chosen before; who chose it decides what else to do with that vote.
    for slug in sorted(held.endangered.intersection(choices) - stands.choices):
        raise Refusal("“%(slug)s” cannot win any more. Choose another topic.", field="choices", slug=slug)


def _entry_of(round_id: int, account_id: int) -> Select[RollEntry]:
    return select(RollEntry).where(RollEntry.round_id == round_id, RollEntry.account_id == account_id)
