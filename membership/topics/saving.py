"""The two statements of a vote: one holds what it rests on, one writes all of it; alike on both databases.

Nothing is decided here: `ballots` does, between the two.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    Select,
    String,
    all_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership.db import Moment
from membership.outbox.planning import COLUMNS, planning
from membership.topics.models import OpenBallot, OpenChoice, RollEntry, Round, RoundTopic, Topic

# Tables, not mapped classes: nothing here becomes an object, and a vote should cost little.
ROUNDS: Final[Any] = Round.__table__
ROLL: Final[Any] = RollEntry.__table__
NAMED: Final[Any] = RoundTopic.__table__
TOPICS: Final[Any] = Topic.__table__
BALLOTS: Final[Any] = OpenBallot.__table__
CHOICES: Final[Any] = OpenChoice.__table__

RECEIPT_LETTER: Final = "ballot_receipt"


@dataclass(frozen=True)
class Held:
    """What a vote rests on, held until the transaction ends: the round (shared with other votes) and the entry.

    `entry_id` is `None` for who is not on the roll. `topics`: those of the asked slugs that the round has, by slug;
    `endangered` the slugs among them that cannot win.
    """

    slug: str
    opens_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    called_off_at: datetime | None
    is_public: bool
    is_opened: bool
    choices: int
    entry_id: int | None
    key: str
    barred_at: datetime | None
    voted_at: datetime | None
    topics: Mapping[str, int]
    endangered: frozenset[str]


@dataclass(frozen=True)
class Vote:
    """What is to be kept: `seen` is the version that the voter saw, `topic_ids` the whole choice, `letter` its key."""

    entry_id: int
    seen: int
    topic_ids: Collection[int]
    marks_voted: bool
    receipt: str
    letter: str
    letter_due_at: datetime


def hold(
    session: Session, account_id: int, slugs: Collection[str], *, round_id: int | None = None, slug: str = ""
) -> Held | None:
    """Locks a round, by its id or else by its slug, and one account's entry on its roll; `None`: no such round."""
    asked: dict[str, Any] = {"account_id": account_id, "slugs": list(slugs)}
    named: dict[str, Any] = {"slug": slug} if round_id is None else {"round_id": round_id}
    rows = session.execute(_BY_SLUG if round_id is None else _BY_ID, asked | named).all()
    if not rows:
        return None
    first = rows[0]
    found = [row for row in rows if row.topic_id is not None]
    return Held(
        slug=first.slug,
        opens_at=first.opens_at,
        closes_at=first.closes_at,
        closed_at=first.closed_at,
        called_off_at=first.called_off_at,
        is_public=first.announced_at is not None or first.roll_hash_open is not None,
        is_opened=first.roll_hash_open is not None,
        choices=first.choices,
        entry_id=first.entry_id,
        key=first.key or "",
        barred_at=first.barred_at,
        voted_at=first.voted_at,
        topics={row.topic: row.topic_id for row in found},
        endangered=frozenset(row.topic for row in found if row.endangered_at is not None),
    )


def _holding(which: ColumnElement[bool]) -> Select[Any]:
    promised = ("id", "slug", "opens_at", "closes_at", "closed_at", "called_off_at", "announced_at", "roll_hash_open")
    # The round before the entry: the entry is looked for by what has come out of the round's lock.
    held = select(*(ROUNDS.c[name] for name in promised), ROUNDS.c.choices).where(which)
    round_ = held.with_for_update(read=True).cte("held_round")
    entry = (
        select(ROLL.c.id, ROLL.c.key, ROLL.c.barred_at, ROLL.c.voted_at)
        .join(round_, round_.c.id == ROLL.c.round_id)
        .where(ROLL.c.account_id == bindparam("account_id", type_=BigInteger))
        .with_for_update(key_share=True, of=ROLL)
        .cte("held_entry")
    )
    topic = (
        select(NAMED.c.round_id, NAMED.c.endangered_at, TOPICS.c.id.label("topic_id"), TOPICS.c.slug.label("topic"))
        .join(TOPICS, TOPICS.c.id == NAMED.c.topic_id)
        .where(TOPICS.c.slug.in_(bindparam("slugs", expanding=True)))
        .subquery()
    )
    joined = round_.outerjoin(entry, true()).outerjoin(topic, topic.c.round_id == round_.c.id)
    of_entry = (entry.c.id.label("entry_id"), entry.c.key, entry.c.barred_at, entry.c.voted_at)
    return select(round_, *of_entry, topic.c.topic_id, topic.c.topic, topic.c.endangered_at).select_from(joined)


_BY_ID = _holding(ROUNDS.c.id == bindparam("round_id", type_=BigInteger))
_BY_SLUG = _holding(ROUNDS.c.slug == bindparam("slug", type_=String))


def save(session: Session, vote: Vote, *, now: datetime) -> tuple[int, str] | None:
    """Writes a vote whose entry is held, with the letter about it; returns its version and its receipt.

    `None`, and nothing written, if the ballot that stands has another version than the voter saw.
    """
    if session.get_bind().dialect.name == "postgresql":
        return save_at_once(session, vote, now=now)
    return save_in_turn(session, vote, now=now)


def save_at_once(session: Session, vote: Vote, *, now: datetime) -> tuple[int, str] | None:
    """As `save`, by one statement, which only PostgreSQL knows: what changes rows may stand in its WITH."""
    kept = session.execute(_writing(vote.seen == 0, vote.marks_voted), _values(vote, now)).one_or_none()
    return None if kept is None else (kept.version, kept.receipt)


def save_in_turn(session: Session, vote: Vote, *, now: datetime) -> tuple[int, str] | None:
    """As `save`, by a statement for each table: where the database lies in the process, no turn costs a journey."""
    dialect, values = session.get_bind().dialect.name, _values(vote, now)
    kept = session.execute(_keeping(vote.seen == 0, dialect), values).one_or_none()
    if kept is None:
        return None
    session.execute(delete(CHOICES).where(CHOICES.c.ballot_id == kept.id))
    if vote.topic_ids:
        rows = [{"ballot_id": kept.id, "topic_id": each, "value": 1} for each in vote.topic_ids]
        session.execute(insert(CHOICES), rows)
    if vote.marks_voted:
        session.execute(_marking(true()), values)
    session.execute(planning(_letter().where(true()), dialect), values)
    return kept.version, kept.receipt


def _values(vote: Vote, now: datetime) -> dict[str, Any]:
    return {
        "seen": vote.seen,
        "for_roll_id": vote.entry_id,
        "new_receipt": vote.receipt,
        "now_at": now,
        "topic_ids": list(vote.topic_ids),
        "new_voted_at": now if vote.topic_ids else None,
        "letter_key": vote.letter,
        "letter_payload": {"roll_id": vote.entry_id},
        "letter_due_at": vote.letter_due_at,
    }


@cache
def _writing(is_first: bool, marks_voted: bool) -> Select[Any]:
    kept = _keeping(is_first, "postgresql").cte("kept")
    is_kept = exists(select(kept.c.id))
    chosen_ids = bindparam("topic_ids", type_=ARRAY(BigInteger))
    parts = [_choosing(kept, chosen_ids).cte("chosen")]
    if not is_first:
        # What stays is left alone: a statement does not see what its other parts have deleted.
        gone = (CHOICES.c.ballot_id == kept.c.id, CHOICES.c.topic_id != all_(chosen_ids))
        parts.append(delete(CHOICES).where(*gone).returning(CHOICES.c.topic_id).cte("gone"))
    if marks_voted:
        parts.append(_marking(is_kept).returning(ROLL.c.id).cte("marked"))
    letter = planning(_letter().where(is_kept), "postgresql").returning(literal(1))
    return select(kept.c.version, kept.c.receipt).add_cte(*parts, letter.cte("letter"))


@cache
def _keeping(is_first: bool, dialect: str) -> Any:
    kept = (BALLOTS.c.id, BALLOTS.c.version, BALLOTS.c.receipt)
    whose, at = bindparam("for_roll_id", type_=BigInteger), bindparam("now_at", type_=Moment)
    if is_first:
        insert_ = sqlite.insert if dialect == "sqlite" else postgresql.insert
        made = {"roll_id": whose, "receipt": bindparam("new_receipt", type_=String), "version": 1, "changed_at": at}
        return insert_(BALLOTS).values(made).on_conflict_do_nothing(index_elements=["roll_id"]).returning(*kept)
    as_seen = (BALLOTS.c.roll_id == whose, BALLOTS.c.version == bindparam("seen", type_=BigInteger))
    return update(BALLOTS).where(*as_seen).values(version=BALLOTS.c.version + 1, changed_at=at).returning(*kept)


def _choosing(kept: Any, topic_ids: Any) -> Any:
    source = select(kept.c.id, func.unnest(topic_ids), literal(1))
    into = postgresql.insert(CHOICES).from_select(["ballot_id", "topic_id", "value"], source)
    return into.on_conflict_do_nothing().returning(CHOICES.c.topic_id)


def _marking(condition: ColumnElement[bool]) -> Any:
    its = (ROLL.c.id == bindparam("for_roll_id", type_=BigInteger), condition)
    return update(ROLL).where(*its).values(voted_at=bindparam("new_voted_at", type_=Moment))


def _letter() -> Select[Any]:
    of_letter = {
        "kind": literal(RECEIPT_LETTER),
        "key": bindparam("letter_key", type_=String),
        "payload": bindparam("letter_payload", type_=JSON),
        "created_at": bindparam("now_at", type_=Moment),
        "due_at": bindparam("letter_due_at", type_=Moment),
        "tries": literal(0),
    }
    return select(*(of_letter[name] for name in COLUMNS))
