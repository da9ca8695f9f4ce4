"""Tables of money: who pays, what was tried, what Stripe said, what stands in the ledger."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from membership.db import Base, Id, one_of
from membership.money import Money
from membership.personal import BLANKED, KEPT, REPLACED, personal

CADENCES = ("once", "month", "year")
ATTEMPT_STATES = ("open", "pending", "paid", "failed", "expired")
PAYMENT_STATES = (
    "started",
    "pending",
    "paid",
    "failed",
    "expired",
    "partly_refunded",
    "refunded",
    "disputed",
    "lost",
)
EVENT_STATES = ("waiting", "handled", "ignored", "dead")
SOURCES = ("stripe", "bank", "paypal", "cash")
CAUSES = ("event", "thanks", "reconcile", "staff", "patron", "rule")
REFUND_STATES = ("asked", "pending", "succeeded", "failed", "canceled")
REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
ASKERS = ("patron", "staff", "rule", "stripe")


class Payer(Base):
    """Who paid: an account, or only an address for the receipt."""

    __tablename__ = "payers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True, info=personal(KEPT, "books"))
    email: Mapped[str | None] = mapped_column(info=personal(BLANKED, "donors"))
    email_key: Mapped[str | None] = mapped_column(index=True, info=personal(BLANKED, "donors"))
    name: Mapped[str | None] = mapped_column(info=personal(BLANKED, "donors"))
    stripe_customer: Mapped[str | None] = mapped_column(unique=True, info=personal(REPLACED, "donors"))
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class Attempt(Base):
    """One intention to pay, committed before Stripe is asked.

    At most one revision of a token is not superseded; that one alone may lead to a payable Checkout.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("token_hash", "revision"),
        Index(
            "uq_attempts_token_hash_current",
            "token_hash",
            unique=True,
            postgresql_where=text("superseded_by_id IS NULL"),
            sqlite_where=text("superseded_by_id IS NULL"),
        ),
        one_of("cadence", CADENCES),
        one_of("state", ATTEMPT_STATES),
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    token_hash: Mapped[str] = mapped_column(info=personal(KEPT, "books"))
    revision: Mapped[int]
    cadence: Mapped[str]
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), info=personal(KEPT, "books"))
    email: Mapped[str | None] = mapped_column(info=personal(BLANKED, "attempts"))
    email_key: Mapped[str | None] = mapped_column(info=personal(BLANKED, "attempts"))
    checkout_id: Mapped[str | None] = mapped_column(unique=True, info=personal(KEPT, "books"))
    checkout_url: Mapped[str | None] = mapped_column(info=personal(BLANKED, "books"))
    tries: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="open")
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"))
    article_slug: Mapped[str | None] = mapped_column(info=personal(BLANKED, "books"))
    language: Mapped[str]
    network_key: Mapped[str | None] = mapped_column(index=True, info=personal(BLANKED, "networks"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]


class StripeEvent(Base):
    """An event as Stripe sent it. Its id is the key, so a second delivery changes nothing."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        one_of("state", EVENT_STATES),
        Index(
            "ix_stripe_events_next_try_at",
            "next_try_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, info=personal(KEPT, "books"))
    type: Mapped[str]
    object_id: Mapped[str | None] = mapped_column(info=personal(KEPT, "books"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    livemode: Mapped[bool]
    api_version: Mapped[str | None]
    payload: Mapped[str | None] = mapped_column(info=personal(BLANKED, "events"))
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]


class StripeObject(Base):
    """Tickets of one object at Stripe: a fetch is applied only if no later one has been."""

    __tablename__ = "stripe_objects"

    id: Mapped[str] = mapped_column(primary_key=True, info=personal(KEPT, "books"))
    kind: Mapped[str]
    wanted: Mapped[int] = mapped_column(BigInteger, default=0)
    applied: Mapped[int] = mapped_column(BigInteger, default=0)
    fetched_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]


class Payment(Base):
    """A payment as its source (Stripe) last described it, in the currency that was presented to the payer.

    `failure` is the bank's reason for the last try that it declined, and `failed_at` when that was; they stay.
    """

    __tablename__ = "payments"
    __table_args__ = (one_of("state", PAYMENT_STATES), one_of("source", SOURCES))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"), unique=True)
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payers.id"), index=True)
    source: Mapped[str]
    payment_intent: Mapped[str | None] = mapped_column(unique=True, info=personal(KEPT, "books"))
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    state: Mapped[str]
    paid_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    failure: Mapped[str | None]
    failed_at: Mapped[datetime | None] = mapped_column(index=True)


class PaymentState(Base):
    """One step in the life of a payment, and what caused it. Append-only."""

    __tablename__ = "payment_states"
    __table_args__ = (one_of("cause_kind", CAUSES),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    was: Mapped[str | None]
    now: Mapped[str]
    at: Mapped[datetime]
    cause_kind: Mapped[str]
    cause_id: Mapped[str | None] = mapped_column(info=personal(KEPT, "books"))


class PaymentSource(Base):
    """Ties what moves money at Stripe (a charge, a refund, a dispute) to our payment."""

    __tablename__ = "payment_sources"

    source_id: Mapped[str] = mapped_column(primary_key=True, info=personal(KEPT, "books"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)


class Movement(Base):
    """One signed line of the ledger in the settled currency: the gross or the fee of a balance transaction.

    Append-only; holds no foreign key and no person, because what it belongs to may be learned later.
    `source` is who keeps the account (stripe, bank, …); `source_id` what moved the money there (ch_, re_, …).
    """

    __tablename__ = "movements"
    __table_args__ = (
        UniqueConstraint("source", "transaction_id", "part"),
        one_of("part", ("gross", "fee")),
        one_of("source", SOURCES),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str]
    transaction_id: Mapped[str] = mapped_column(info=personal(KEPT, "books"))
    part: Mapped[str]
    kind: Mapped[str]
    source_id: Mapped[str | None] = mapped_column(index=True, info=personal(KEPT, "books"))
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    available_at: Mapped[datetime]


class Receipt(Base):
    """The number of a payment's receipt: without gaps within a year, kept even if the money goes back."""

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("year", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    year: Mapped[int]
    number: Mapped[int]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), unique=True)
    issued_at: Mapped[datetime]
    addressee: Mapped[str | None] = mapped_column(info=personal(KEPT, "receipts"))


class Refund(Base):
    """Money that goes back, asked for here or seen at Stripe. `asked`: Stripe does not know of it yet.

    `asked_by_kind` is who wished it: the patron, staff, a rule of ours, or somebody at Stripe (dashboard, bank).
    """

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("state", REFUND_STATES),
        one_of("asked_by_kind", ASKERS),
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    stripe_refund: Mapped[str | None] = mapped_column(unique=True, info=personal(KEPT, "books"))
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    state: Mapped[str]
    reason: Mapped[str | None]
    failure: Mapped[str | None]
    note: Mapped[str | None] = mapped_column(info=personal(BLANKED, "receipts"))
    asked_by_kind: Mapped[str]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), info=personal(KEPT, "books"))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), info=personal(KEPT, "books"))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class CreditNote(Base):
    """The number of a refund's credit note: without gaps within a year, as receipts have."""

    __tablename__ = "credit_notes"
    __table_args__ = (UniqueConstraint("year", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    year: Mapped[int]
    number: Mapped[int]
    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id"), unique=True)
    issued_at: Mapped[datetime]


class YearCounter(Base):
    """The last number given in a year; locking this row is what keeps numbers without gaps."""

    __abstract__ = True

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class CreditNoteCounter(YearCounter):
    """The numbers of credit notes."""

    __tablename__ = "credit_note_counters"


class Dispute(Base):
    """A payer's bank asks for the money back. `state` is Stripe's word and open; `due_at`: until when we may answer."""

    __tablename__ = "disputes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stripe_dispute: Mapped[str] = mapped_column(unique=True, info=personal(KEPT, "books"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    state: Mapped[str]
    reason: Mapped[str | None]
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Payout(Base):
    """Money that Stripe sends to the newsroom's bank. `state` is Stripe's word; only an automatic one has lines."""

    __tablename__ = "payouts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stripe_payout: Mapped[str] = mapped_column(unique=True)
    amount: Mapped[Money] = composite(mapped_column("amount_minor", BigInteger), mapped_column("currency", String(3)))
    state: Mapped[str]
    automatic: Mapped[bool]
    transaction_id: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    arrives_at: Mapped[datetime]
    listed_at: Mapped[datetime | None]


class PayoutLine(Base):
    """Which payout a balance transaction went out with."""

    __tablename__ = "payout_lines"

    transaction_id: Mapped[str] = mapped_column(primary_key=True, info=personal(KEPT, "books"))
    payout_id: Mapped[int] = mapped_column(ForeignKey("payouts.id"), index=True)


class Alarm(Base):
    """Something that operators must know: told once for each cause, and again only when what it says changes.

    `seen_at` is when its cause was last met.
    """

    __tablename__ = "alarms"

    cause: Mapped[str] = mapped_column(primary_key=True)
    says: Mapped[str]
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]


class ReceiptCounter(YearCounter):
    """The numbers of receipts."""

    __tablename__ = "receipt_counters"


class SyncCursor(Base):
    """How far a list has been read: one at Stripe, or one of ours."""

    __tablename__ = "sync_cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[datetime]
