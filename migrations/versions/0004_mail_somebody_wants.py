"""What mail somebody wants, the news that waits to be told in one letter a week, and credit on articles."""

import sqlalchemy as sa
from alembic import op

from membership.db import Id, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _unwanted_mail()
    _news()
    _credits()


def _unwanted_mail() -> None:
    op.create_table(
        "unwanted_mail",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_unwanted_mail_account_id_accounts"),
        sa.PrimaryKeyConstraint("account_id", "kind", name="pk_unwanted_mail"),
    )


def _news() -> None:
    op.create_table(
        "news",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("letter", sa.String(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_news_account_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_news"),
        sa.UniqueConstraint("account_id", "kind", "key", name="uq_news_account_id_kind_key"),
    )
    op.create_index("ix_news_letter", "news", ["letter"])


def _credits() -> None:
    op.create_table(
        "credits",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("chosen_at", Moment(), nullable=False),
        sa.CheckConstraint("shown IN ('name', 'initials')", name=op.f("ck_credits_shown")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_credits_account_id_accounts"),
        sa.PrimaryKeyConstraint("account_id", name="pk_credits"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward: restore a backup instead")
