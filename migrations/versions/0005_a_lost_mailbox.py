"""Moving an account whose mailbox is lost: who of the staff asked for it, and when it happens."""

import sqlalchemy as sa
from alembic import op

from membership.db import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("address_changes", sa.Column("moves_at", Moment(), nullable=True))
    # SQLite takes a new column with its rule, but no new rule by itself.
    kind = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    rule = "CONSTRAINT fk_address_changes_asked_by_id_accounts REFERENCES accounts (id)"
    op.execute(f"ALTER TABLE address_changes ADD COLUMN asked_by_id {kind} {rule}")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward: restore a backup instead")
