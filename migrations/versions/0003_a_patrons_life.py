"""A patron's life: what a pledge will be next, other ways to sign in, what mail somebody wants."""

import sqlalchemy as sa
from alembic import op

from membership.db import Id, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _pledges()
    _failed_renewals()
    _help_requests()
    _tiers()
    _people()
    _mail()


def _pledges() -> None:
    for name in ("paused_until", "moved_until", "next_from", "anchor_at"):
        op.add_column("pledges", sa.Column(name, Moment(), nullable=True))
    op.add_column("pledges", sa.Column("schedule", sa.String(), nullable=True))
    op.add_column("pledges", sa.Column("next_amount_minor", sa.BigInteger(), nullable=True))
    op.add_column("pledges", sa.Column("card_expires", sa.Date(), nullable=True))
    # SQLite takes a new column with its rule, but no new rule by itself.
    _add_one_of("pause_kind", "'skip', 'pause'")
    _add_one_of("next_cadence", "'month', 'year'")


def _add_one_of(column: str, values: str) -> None:
    rule = f"CONSTRAINT ck_pledges_{column} CHECK ({column} IN ({values}))"
    op.execute(f"ALTER TABLE pledges ADD COLUMN {column} VARCHAR {rule}")


def _tiers() -> None:
    rule = "CONSTRAINT ck_tier_amounts_suggested_reaches_it CHECK (suggested_minor >= minimum_minor)"
    op.execute(f"ALTER TABLE tier_amounts ADD COLUMN suggested_minor BIGINT {rule}")


def _people() -> None:
    op.add_column("sessions", sa.Column("device", sa.String(), nullable=True))
    op.add_column("sessions", sa.Column("device_hash", sa.String(), nullable=True))
    op.create_table(
        "address_changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("old_confirmed_at", Moment(), nullable=True),
        sa.Column("new_confirmed_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_address_changes_account_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_address_changes"),
        sa.UniqueConstraint("reference", name="uq_address_changes_reference"),
    )
    op.create_index("ix_address_changes_account_id", "address_changes", ["account_id"])
    op.create_index("ix_address_changes_email_key", "address_changes", ["email_key"])
    op.create_table(
        "passkeys",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_passkeys_account_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        sa.UniqueConstraint("reference", name="uq_passkeys_reference"),
    )
    op.create_index("ix_passkeys_account_id", "passkeys", ["account_id"])


def _mail() -> None: ...


def _failed_renewals() -> None:
    op.create_table(
        "failed_renewals",
        sa.Column("id", Id, nullable=False),
        sa.Column("invoice", sa.String(), nullable=False),
        sa.Column("pledge_id", Id, nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("failed_at", Moment(), nullable=False),
        sa.Column("next_try_at", Moment(), nullable=True),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("acted_at", Moment(), nullable=True),
        sa.Column("over_at", Moment(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint("outcome IN ('paid', 'void', 'ended')", name=op.f("ck_failed_renewals_outcome")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name="fk_failed_renewals_pledge_id_pledges"),
        sa.PrimaryKeyConstraint("id", name="pk_failed_renewals"),
        sa.UniqueConstraint("invoice", name="uq_failed_renewals_invoice"),
    )
    op.create_index("ix_failed_renewals_pledge_id", "failed_renewals", ["pledge_id"])


def _help_requests() -> None:
    op.create_table(
        "help_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("network_key", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_help_requests"),
    )
    op.create_index("ix_help_requests_email_key", "help_requests", ["email_key"])
    op.create_index("ix_help_requests_network_key", "help_requests", ["network_key"])


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward: restore a backup instead")
