"""Books: refunds with their credit notes, disputes, payouts, alarms; who else may cause a payment's step."""

import sqlalchemy as sa
from alembic import op

from membership.append_only import refuse
from membership.db import Id, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CAUSES = "cause_kind IN ('event', 'thanks', 'reconcile', 'staff', 'patron', 'rule')"


def upgrade() -> None:
    _refunds()
    _credit_notes()
    _disputes()
    _payouts()
    op.create_table(
        "alarms",
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("over_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("cause", name="pk_alarms"),
    )
    op.add_column("payments", sa.Column("failure", sa.String(), nullable=True))
    op.add_column("payments", sa.Column("failed_at", Moment(), nullable=True))
    op.create_index("ix_payments_failed_at", "payments", ["failed_at"])
    op.create_index("ix_stripe_events_created_at", "stripe_events", ["created_at"])
    op.add_column("pledges", sa.Column("duplicate_since", Moment(), nullable=True))
    op.add_column("pledges", sa.Column("gives_back_from", Moment(), nullable=True))
    op.add_column("pledges", sa.Column("paused_since", Moment(), nullable=True))
    _more_causes()


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("stripe_refund", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("asked_by_kind", sa.String(), nullable=False),
        sa.Column("asked_by_id", Id, nullable=True),
        sa.Column("confirmed_by_id", Id, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_above_zero")),
        sa.CheckConstraint(
            "state IN ('asked', 'pending', 'succeeded', 'failed', 'canceled')", name=op.f("ck_refunds_state")
        ),
        sa.CheckConstraint(
            "asked_by_kind IN ('patron', 'staff', 'rule', 'stripe')", name=op.f("ck_refunds_asked_by_kind")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_refunds_payment_id_payments"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["accounts.id"], name="fk_refunds_asked_by_id_accounts"),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["accounts.id"], name="fk_refunds_confirmed_by_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_refunds"),
        sa.UniqueConstraint("reference", name="uq_refunds_reference"),
        sa.UniqueConstraint("stripe_refund", name="uq_refunds_stripe_refund"),
    )
    op.create_index("ix_refunds_payment_id", "refunds", ["payment_id"])


def _credit_notes() -> None:
    op.create_table(
        "credit_notes",
        sa.Column("id", Id, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("refund_id", Id, nullable=False),
        sa.Column("issued_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name="fk_credit_notes_refund_id_refunds"),
        sa.PrimaryKeyConstraint("id", name="pk_credit_notes"),
        sa.UniqueConstraint("refund_id", name="uq_credit_notes_refund_id"),
        sa.UniqueConstraint("year", "number", name="uq_credit_notes_year_number"),
    )
    # A table of its own: the previous release knows the receipts' counter by its year alone.
    op.create_table(
        "credit_note_counters",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_credit_note_counters"),
    )


def _disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", Id, nullable=False),
        sa.Column("stripe_dispute", sa.String(), nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_disputes_payment_id_payments"),
        sa.PrimaryKeyConstraint("id", name="pk_disputes"),
        sa.UniqueConstraint("stripe_dispute", name="uq_disputes_stripe_dispute"),
    )
    op.create_index("ix_disputes_payment_id", "disputes", ["payment_id"])


def _payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("id", Id, nullable=False),
        sa.Column("stripe_payout", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("arrives_at", Moment(), nullable=False),
        sa.Column("listed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_payouts"),
        sa.UniqueConstraint("stripe_payout", name="uq_payouts_stripe_payout"),
    )
    op.create_table(
        "payout_lines",
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("payout_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name="fk_payout_lines_payout_id_payouts"),
        sa.PrimaryKeyConstraint("transaction_id", name="pk_payout_lines"),
    )
    op.create_index("ix_payout_lines_payout_id", "payout_lines", ["payout_id"])


def _more_causes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_payment_states_cause_kind"), "payment_states", type_="check")
        op.create_check_constraint(op.f("ck_payment_states_cause_kind"), "payment_states", CAUSES)
        return
    # SQLite cannot change a rule: the table is made anew, with its rows; the triggers go with the old one.
    with op.batch_alter_table("payment_states", recreate="always") as table:
        table.drop_constraint(op.f("ck_payment_states_cause_kind"), type_="check")
        table.create_check_constraint(op.f("ck_payment_states_cause_kind"), CAUSES)
    refuse(op, "payment_states", "UPDATE", "DELETE")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward: restore a backup instead")
