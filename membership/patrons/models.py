"""Tables of tiers and pledges."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from membership.db import Base, Id, one_of
from membership.money import Money

PLEDGE_CADENCES = ("month", "year")


class Tier(Base):
    """A named level with benefits. Which one a patron has follows from the amount alone."""

    __tablename__ = "tiers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    benefits: Mapped[list[Any]] = mapped_column(JSON)
    position: Mapped[int]
    archived_at: Mapped[datetime | None]


class TierAmount(Base):
    """The least amount of a cadence and currency that reaches a tier."""

    __tablename__ = "tier_amounts"
    __table_args__ = (one_of("cadence", PLEDGE_CADENCES),)

    tier_id: Mapped[int] = mapped_column(ForeignKey("tiers.id"), primary_key=True)
    cadence: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    minimum_minor: Mapped[int] = mapped_column(BigInteger)


class Pledge(Base):
    """A promise to give every month or year, as the Stripe subscription behind it last stood.

    `live` marks the one pledge that counts for its account; `why` says why another does not (ended, duplicate,
    dropped), and `duplicate_since` from when on its owner was asked which of the two to keep. Of a dropped one goes
    back what it took after `gives_back_from`. `paused_since`: when we first saw that Stripe takes nothing for a while.
    """

    __tablename__ = "pledges"
    __table_args__ = (
        Index(
            "uq_pledges_account_id_live",
            "account_id",
            unique=True,
            postgresql_where=text("live"),
            sqlite_where=text("live"),
        ),
        one_of("cadence", PLEDGE_CADENCES),
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payers.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"))
    subscription: Mapped[str] = mapped_column(unique=True)
    cadence: Mapped[str]
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    stripe_status: Mapped[str]
    started_at: Mapped[datetime]
    cancel_at: Mapped[datetime | None]
    period_end_at: Mapped[datetime]
    grace_until: Mapped[datetime | None]
    card_brand: Mapped[str | None]
    card_last4: Mapped[str | None]
    live: Mapped[bool]
    why: Mapped[str | None]
    duplicate_since: Mapped[datetime | None]
    gives_back_from: Mapped[datetime | None]
    paused_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PledgeChange(Base):
    """One change of a pledge: what, from what to what, and what caused it. Append-only."""

    __tablename__ = "pledge_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledges.id"), index=True)
    at: Mapped[datetime]
    what: Mapped[str]
    was: Mapped[str | None]
    now: Mapped[str | None]
    cause: Mapped[str]


class PledgePayment(Base):
    """Ties a payment to the pledge and to the period that it paid for."""

    __tablename__ = "pledge_payments"

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledges.id"), index=True)
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
