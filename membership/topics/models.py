"""Tables of topics and their history, of rounds, rolls, ballots and results."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Id, one_of
from membership.personal import BLANKED, CUT, DELETED, KEPT, REPLACED, personal

TOPIC_STATES = (
    "proposed",
    "shortlisted",
    "in_round",
    "selected",
    "reporting",
    "published",
    "postponed",
    "declined",
    "withheld",
    "withdrawn",
)
METHODS = ("approval",)


class Topic(Base):
    """Something that could be covered. Never deleted; its moves say how it came to its state.

    Once chosen it has a `person` and a day on which that one promised it; `postponed_to` is the first of a month. The
    outcome is kept as plain link and title, which may lie on another site.
    """

    __tablename__ = "topics"
    __table_args__ = (one_of("state", TOPIC_STATES),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True, info=personal(REPLACED, "proposals"))
    title: Mapped[str] = mapped_column(info=personal(REPLACED, "proposals"))
    why: Mapped[str] = mapped_column(info=personal(BLANKED, "proposals"))
    sources: Mapped[str] = mapped_column(default="", server_default="", info=personal(BLANKED, "proposals"))
    proposer_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id"), index=True, info=personal(CUT, "proposals")
    )
    state: Mapped[str]
    proposed_at: Mapped[datetime]
    person: Mapped[str | None]
    promised_on: Mapped[date | None]
    postponed_to: Mapped[date | None]
    outcome_url: Mapped[str | None]
    outcome_title: Mapped[str | None]


class MoveText(Base):
    """The words that went with a move (a reason); apart, because free text must be erasable."""

    __tablename__ = "move_texts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    text: Mapped[str | None] = mapped_column(info=personal(KEPT, "proposals"))


class TopicMove(Base):
    """One step in the life of a topic: who moved it, when, and where the reason stands. Append-only."""

    __tablename__ = "topic_moves"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    was: Mapped[str | None]
    now: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), info=personal(KEPT, "audit"))
    text_id: Mapped[int | None] = mapped_column(ForeignKey("move_texts.id"))


class Round(Base):
    """A dated ballot over topics: a draft, then announced, then open (`roll_hash_open` stands), then closed.

    From the opening on, the database refuses to change what the round promised. `donor_months`: who gave once in so
    many months before may vote as well; `None`: patrons alone.
    """

    __tablename__ = "rounds"
    __table_args__ = (
        one_of("method", METHODS),
        CheckConstraint("opens_at < joins_until", name="opens_before_joining_ends"),
        CheckConstraint("joins_until <= closes_at", name="joining_ends_by_the_close"),
        CheckConstraint("choices >= 1", name="at_least_one_choice"),
        CheckConstraint("winners >= 1", name="at_least_one_winner"),
        CheckConstraint("donor_months >= 1 AND donor_months <= 24", name="donors_of_up_to_two_years"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    question: Mapped[str]
    opens_at: Mapped[datetime]
    joins_until: Mapped[datetime]
    closes_at: Mapped[datetime]
    choices: Mapped[int]
    winners: Mapped[int]
    method: Mapped[str] = mapped_column(default="approval")
    secret: Mapped[bool] = mapped_column(default=True)
    donor_months: Mapped[int | None]
    announced_at: Mapped[datetime | None]
    roll_hash_open: Mapped[str | None]
    roll_hash_final: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    called_off_at: Mapped[datetime | None]
    called_off_text_id: Mapped[int | None] = mapped_column(ForeignKey("move_texts.id"))
    created_at: Mapped[datetime]


class RoundTopic(Base):
    """A topic that stands in a round: who would do it, what it takes, and what it will not be.

    One that turned dangerous while the round was open is marked: it stays on the ballot and cannot win.
    """

    __tablename__ = "round_topics"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True, index=True)
    position: Mapped[int]
    who: Mapped[str] = mapped_column(default="", server_default="")
    takes: Mapped[str] = mapped_column(default="", server_default="")
    will_not_be: Mapped[str] = mapped_column(default="", server_default="")
    endangered_at: Mapped[datetime | None]
    endangered_text_id: Mapped[int | None] = mapped_column(ForeignKey("move_texts.id"))


class RollEntry(Base):
    """One who may vote in a round, under a random key. Never deleted; barred with a reason instead.

    `payment_id` is the payment that their standing rested on when they came: if it goes back, they are barred.
    """

    __tablename__ = "roll"
    __table_args__ = (UniqueConstraint("round_id", "account_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    key: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "votes"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True, info=personal(CUT, "votes"))
    weight: Mapped[int] = mapped_column(default=1)
    standing: Mapped[str]
    added_at: Mapped[datetime]
    reason: Mapped[str]
    voted_at: Mapped[datetime | None]
    barred_at: Mapped[datetime | None]
    barred_why: Mapped[str | None]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"), index=True, info=personal(CUT, "votes"))


class OpenBallot(Base):
    """A ballot that may still be changed. `version` 0 is never stored: each save adds one."""

    __tablename__ = "open_ballots"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    roll_id: Mapped[int] = mapped_column(ForeignKey("roll.id"), unique=True)
    receipt: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "votes"))
    version: Mapped[int]
    changed_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]


class OpenChoice(Base):
    """One topic chosen on an open ballot."""

    __tablename__ = "open_choices"

    ballot_id: Mapped[int] = mapped_column(ForeignKey("open_ballots.id"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)
    value: Mapped[int] = mapped_column(default=1)


class CountedBallot(Base):
    """A ballot as it was counted, under its receipt: topic slugs, no person."""

    __tablename__ = "counted_ballots"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"), primary_key=True)
    receipt: Mapped[str] = mapped_column(primary_key=True, info=personal(KEPT, "votes"))
    choices: Mapped[list[Any]] = mapped_column(JSON, info=personal(KEPT, "votes"))


class RoundResult(Base):
    """What a topic reached in a closed round. `rank` starts at 1."""

    __tablename__ = "round_results"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)
    votes: Mapped[int]
    rank: Mapped[int]


class Follow(Base):
    """Somebody hears of every further move of a topic. Tied to no vote: anyone may follow."""

    __tablename__ = "follows"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id"), primary_key=True, info=personal(DELETED, "account")
    )
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True, index=True)
    since: Mapped[datetime]
