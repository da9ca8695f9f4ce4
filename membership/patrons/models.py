"""Tables of tiers and pledges."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from membership.db import Base, Id, one_of
from membership.money import Money
from membership.personal import BLANKED, KEPT, personal

PLEDGE_CADENCES = ("month", "year")
# A month whose charge was moved included.
LONGER_THAN_ANY_MONTH = timedelta(days=100)
# What a pause is: one month left out with the vote kept, or some months without it.
SKIP, PAUSE = PAUSE_KINDS = ("skip", "pause")
# A change of a pledge that says that its account is there only because of it.
ACCOUNT, MADE = "account", "made"


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
    """The least amount of a cadence and currency that reaches a tier, and the one that is suggested, if any."""

    __tablename__ = "tier_amounts"
    __table_args__ = (
        one_of("cadence", PLEDGE_CADENCES),
        CheckConstraint("suggested_minor >= minimum_minor", name="suggested_reaches_it"),
    )

    tier_id: Mapped[int] = mapped_column(ForeignKey("tiers.id"), primary_key=True)
    cadence: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    minimum_minor: Mapped[int] = mapped_column(BigInteger)
    suggested_minor: Mapped[int | None] = mapped_column(BigInteger)


class Pledge(Base):
    """A promise to give every month or year, as the Stripe subscription behind it last stood.

    `live` marks the one pledge that counts for its account; `why` says why another does not (ended, duplicate,
    dropped), and `duplicate_since` from when on its owner was asked which of the two to keep. Of a dropped one goes
    back what it took after `gives_back_from`. `paused_since`: when we first saw that Stripe takes nothing for a while.

    `paused_until`: when Stripe takes money again (`None` in a pause: when told to), and `pause_kind` what that is.
    `moved_until`: to when the next charge was moved. `schedule`: what at Stripe turns the pledge, at `next_from`,
    into `next_amount_minor` each `next_cadence`. `anchor_at`: from when Stripe counts the periods. `card_expires`: the
    last day on which the card works.
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
        one_of("pause_kind", PAUSE_KINDS),
        one_of("next_cadence", PLEDGE_CADENCES),
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True, info=personal(KEPT, "books"))
    payer_id: Mapped[int] = mapped_column(ForeignKey("payers.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"))
    subscription: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    cadence: Mapped[str]
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    stripe_status: Mapped[str]
    started_at: Mapped[datetime]
    cancel_at: Mapped[datetime | None]
    period_end_at: Mapped[datetime]
    grace_until: Mapped[datetime | None]
    card_brand: Mapped[str | None] = mapped_column(info=personal(BLANKED, "pledges"))
    card_last4: Mapped[str | None] = mapped_column(info=personal(BLANKED, "pledges"))
    live: Mapped[bool]
    why: Mapped[str | None]
    duplicate_since: Mapped[datetime | None]
    gives_back_from: Mapped[datetime | None]
    paused_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    pause_kind: Mapped[str | None]
    moved_until: Mapped[datetime | None]
    schedule: Mapped[str | None] = mapped_column(info=personal(KEPT, "books"))
    next_amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    next_cadence: Mapped[str | None]
    next_from: Mapped[datetime | None]
    anchor_at: Mapped[datetime | None]
    card_expires: Mapped[date | None] = mapped_column(info=personal(BLANKED, "pledges"))
    ended_at: Mapped[datetime | None]


class PledgeChange(Base):
    """One change of a pledge: what, from what to what, and what caused it. Append-only."""

    __tablename__ = "pledge_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledges.id"), index=True)
    at: Mapped[datetime]
    what: Mapped[str]
    was: Mapped[str | None] = mapped_column(info=personal(KEPT, "books"))
    now: Mapped[str | None] = mapped_column(info=personal(KEPT, "books"))
    cause: Mapped[str] = mapped_column(info=personal(KEPT, "books"))


class PledgePayment(Base):
    """Ties a payment to the pledge and to the period that it paid for."""

    __tablename__ = "pledge_payments"

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledges.id"), index=True)
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]

    @property
    def cadence(self) -> str:
        """How often was given when this was paid, by the period that it paid for: the pledge may have changed since."""
        return "year" if self.period_end - self.period_start > LONGER_THAN_ANY_MONTH else "month"


class FailedRenewal(Base):
    """An invoice of a renewal that could not be charged, from its first failure until that is over.

    `cause` is the bank's word for the last try, `failed_at` when that was; `next_try_at`: when Stripe asks again.
    `acted_at`: its owner has set out to mend it. `outcome`: paid, void (no longer asked for), or ended by us.
    """

    __tablename__ = "failed_renewals"
    __table_args__ = (one_of("outcome", ("paid", "void", "ended")),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    invoice: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledges.id"), index=True)
    cause: Mapped[str | None]
    failed_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]
    acted_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
