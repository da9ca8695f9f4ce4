"""The tables of the skeleton."""

import secrets

import sqlalchemy as sa
from alembic import op

from membership.append_only import refuse
from membership.db import Id, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = (
    "payment_states",
    "movements",
    "pledge_changes",
    "topic_moves",
    "audit_entries",
    "article_versions",
    "counted_ballots",
    "round_results",
)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("verified_at", Moment(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("link_version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("erased_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email_key", name="uq_accounts_email_key"),
        sa.UniqueConstraint("reference", name="uq_accounts_reference"),
    )
    op.create_table(
        "authors",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_authors"),
        sa.UniqueConstraint("slug", name="uq_authors_slug"),
    )
    op.create_table(
        "move_texts",
        sa.Column("id", Id, nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_move_texts"),
    )
    op.create_table(
        "movements",
        sa.Column("id", Id, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("occurred_at", Moment(), nullable=False),
        sa.Column("available_at", Moment(), nullable=False),
        sa.CheckConstraint("part IN ('gross', 'fee')", name=op.f("ck_movements_part")),
        sa.CheckConstraint("source IN ('stripe', 'bank', 'paypal', 'cash')", name=op.f("ck_movements_source")),
        sa.PrimaryKeyConstraint("id", name="pk_movements"),
        sa.UniqueConstraint("source", "transaction_id", "part", name="uq_movements_source_transaction_id_part"),
    )
    op.create_index("ix_movements_occurred_at", "movements", ["occurred_at"], unique=False)
    op.create_index("ix_movements_source_id", "movements", ["source_id"], unique=False)
    op.create_table(
        "newsroom_settings",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_newsroom_settings"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_until", Moment(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("kind", "key", name="uq_outbox_kind_key"),
    )
    op.create_index(
        "ix_outbox_due_at",
        "outbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
        sqlite_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "periodic_runs",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", "due_at", name="pk_periodic_runs"),
    )
    op.create_table(
        "receipt_counters",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_receipt_counters"),
    )
    op.create_table(
        "rounds",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("opens_at", Moment(), nullable=False),
        sa.Column("joins_until", Moment(), nullable=False),
        sa.Column("closes_at", Moment(), nullable=False),
        sa.Column("choices", sa.Integer(), nullable=False),
        sa.Column("winners", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("roll_hash_open", sa.String(), nullable=True),
        sa.Column("roll_hash_final", sa.String(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("method IN ('approval')", name=op.f("ck_rounds_method")),
        sa.CheckConstraint("choices >= 1", name=op.f("ck_rounds_at_least_one_choice")),
        sa.CheckConstraint("joins_until <= closes_at", name=op.f("ck_rounds_joining_ends_by_the_close")),
        sa.CheckConstraint("opens_at < joins_until", name=op.f("ck_rounds_opens_before_joining_ends")),
        sa.CheckConstraint("winners >= 1", name=op.f("ck_rounds_at_least_one_winner")),
        sa.PrimaryKeyConstraint("id", name="pk_rounds"),
        sa.UniqueConstraint("slug", name="uq_rounds_slug"),
    )
    op.create_table(
        "sections",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sections"),
        sa.UniqueConstraint("slug", name="uq_sections_slug"),
    )
    op.create_table(
        "sign_in_tokens",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("network_key", sa.String(), nullable=True),
        sa.Column("next_path", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_tokens_token_hash"),
    )
    op.create_index("ix_sign_in_tokens_email_key", "sign_in_tokens", ["email_key"], unique=False)
    op.create_index("ix_sign_in_tokens_network_key", "sign_in_tokens", ["network_key"], unique=False)
    op.create_index("ix_sign_in_tokens_request_hash", "sign_in_tokens", ["request_hash"], unique=False)
    op.create_table(
        "site_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_site_version_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_site_version"),
    )
    op.create_table(
        "stripe_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.String(), nullable=True),
        sa.Column("payload", sa.String(), nullable=True),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment(), nullable=True),
        sa.Column("handled_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'handled', 'ignored', 'dead')", name=op.f("ck_stripe_events_state")),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_events"),
    )
    op.create_index(
        "ix_stripe_events_next_try_at",
        "stripe_events",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "stripe_objects",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", Moment(), nullable=True),
        sa.Column("gone_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_objects"),
    )
    op.create_table(
        "sync_cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sync_cursors"),
    )
    op.create_table(
        "tags",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("slug", name="uq_tags_slug"),
    )
    op.create_table(
        "tiers",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("benefits", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tiers"),
        sa.UniqueConstraint("slug", name="uq_tiers_slug"),
    )
    op.create_table(
        "attempts",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("account_id", Id, nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("email_key", sa.String(), nullable=True),
        sa.Column("checkout_id", sa.String(), nullable=True),
        sa.Column("checkout_url", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("superseded_by_id", Id, nullable=True),
        sa.Column("article_slug", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("network_key", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.CheckConstraint("cadence IN ('once', 'month', 'year')", name=op.f("ck_attempts_cadence")),
        sa.CheckConstraint("state IN ('open', 'pending', 'paid', 'failed', 'expired')", name=op.f("ck_attempts_state")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_attempts_amount_above_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_attempts_account_id_accounts"),
        sa.ForeignKeyConstraint(["superseded_by_id"], ["attempts.id"], name="fk_attempts_superseded_by_id_attempts"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("checkout_id", name="uq_attempts_checkout_id"),
        sa.UniqueConstraint("reference", name="uq_attempts_reference"),
        sa.UniqueConstraint("token_hash", "revision", name="uq_attempts_token_hash_revision"),
    )
    op.create_index("ix_attempts_created_at", "attempts", ["created_at"], unique=False)
    op.create_index("ix_attempts_network_key", "attempts", ["network_key"], unique=False)
    op.create_index(
        "uq_attempts_token_hash_current",
        "attempts",
        ["token_hash"],
        unique=True,
        postgresql_where=sa.text("superseded_by_id IS NULL"),
        sqlite_where=sa.text("superseded_by_id IS NULL"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["accounts.id"], name="fk_audit_entries_actor_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.UniqueConstraint("hash", name="uq_audit_entries_hash"),
        sa.UniqueConstraint("previous_hash", name="uq_audit_entries_previous_hash"),
    )
    op.create_table(
        "counted_ballots",
        sa.Column("round_id", Id, nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_counted_ballots_round_id_rounds"),
        sa.PrimaryKeyConstraint("round_id", "receipt", name="pk_counted_ballots"),
    )
    op.create_table(
        "payers",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("account_id", Id, nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("email_key", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("stripe_customer", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("erased_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_payers_account_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_payers"),
        sa.UniqueConstraint("reference", name="uq_payers_reference"),
        sa.UniqueConstraint("stripe_customer", name="uq_payers_stripe_customer"),
    )
    op.create_index("ix_payers_account_id", "payers", ["account_id"], unique=False)
    op.create_index("ix_payers_email_key", "payers", ["email_key"], unique=False)
    op.create_table(
        "roll",
        sa.Column("id", Id, nullable=False),
        sa.Column("round_id", Id, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("account_id", Id, nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("voted_at", Moment(), nullable=True),
        sa.Column("barred_at", Moment(), nullable=True),
        sa.Column("barred_why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_roll_account_id_accounts"),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_roll_round_id_rounds"),
        sa.PrimaryKeyConstraint("id", name="pk_roll"),
        sa.UniqueConstraint("key", name="uq_roll_key"),
        sa.UniqueConstraint("round_id", "account_id", name="uq_roll_round_id_account_id"),
    )
    op.create_index("ix_roll_account_id", "roll", ["account_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.CheckConstraint("scope IN ('full', 'vote')", name=op.f("ck_sessions_scope")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("secret_hash", name="uq_sessions_secret_hash"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], unique=False)
    op.create_table(
        "staff_roles",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("granted_at", Moment(), nullable=False),
        sa.Column("granted_by_id", Id, nullable=True),
        sa.CheckConstraint("role IN ('editor', 'finance', 'admin')", name=op.f("ck_staff_roles_role")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_staff_roles_account_id_accounts"),
        sa.ForeignKeyConstraint(["granted_by_id"], ["accounts.id"], name="fk_staff_roles_granted_by_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_roles"),
        sa.UniqueConstraint("account_id", "role", name="uq_staff_roles_account_id_role"),
    )
    op.create_table(
        "tier_amounts",
        sa.Column("tier_id", Id, nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cadence IN ('month', 'year')", name=op.f("ck_tier_amounts_cadence")),
        sa.ForeignKeyConstraint(["tier_id"], ["tiers.id"], name="fk_tier_amounts_tier_id_tiers"),
        sa.PrimaryKeyConstraint("tier_id", "cadence", "currency", name="pk_tier_amounts"),
    )
    op.create_table(
        "topics",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("proposer_id", Id, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("proposed_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'shortlisted', 'in_round', 'selected', 'declined')", name=op.f("ck_topics_state")
        ),
        sa.ForeignKeyConstraint(["proposer_id"], ["accounts.id"], name="fk_topics_proposer_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_topics"),
        sa.UniqueConstraint("slug", name="uq_topics_slug"),
    )
    op.create_index("ix_topics_proposer_id", "topics", ["proposer_id"], unique=False)
    op.create_table(
        "articles",
        sa.Column("id", Id, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("standfirst", sa.String(), nullable=False),
        sa.Column("published_at", Moment(), nullable=True),
        sa.Column("section_id", Id, nullable=True),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("picture_url", sa.String(), nullable=True),
        sa.Column("picture_alt", sa.String(), nullable=True),
        sa.Column("picture_width", sa.Integer(), nullable=True),
        sa.Column("picture_height", sa.Integer(), nullable=True),
        sa.Column("body_source", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'published', 'hidden')", name=op.f("ck_articles_state")),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name="fk_articles_section_id_sections"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_articles_topic_id_topics"),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("language", "slug", name="uq_articles_language_slug"),
    )
    op.create_index("ix_articles_section_id", "articles", ["section_id"], unique=False)
    op.create_index("ix_articles_state_published_at_id", "articles", ["state", "published_at", "id"], unique=False)
    op.create_table(
        "open_ballots",
        sa.Column("id", Id, nullable=False),
        sa.Column("roll_id", Id, nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("voided_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["roll_id"], ["roll.id"], name="fk_open_ballots_roll_id_roll"),
        sa.PrimaryKeyConstraint("id", name="pk_open_ballots"),
        sa.UniqueConstraint("receipt", name="uq_open_ballots_receipt"),
        sa.UniqueConstraint("roll_id", name="uq_open_ballots_roll_id"),
    )
    op.create_table(
        "payments",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("attempt_id", Id, nullable=True),
        sa.Column("payer_id", Id, nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("payment_intent", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("paid_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("source IN ('stripe', 'bank', 'paypal', 'cash')", name=op.f("ck_payments_source")),
        sa.CheckConstraint(
            "state IN ('started', 'pending', 'paid', 'failed', 'expired', "
            "'partly_refunded', 'refunded', 'disputed', 'lost')",
            name=op.f("ck_payments_state"),
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_payments_attempt_id_attempts"),
        sa.ForeignKeyConstraint(["payer_id"], ["payers.id"], name="fk_payments_payer_id_payers"),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.UniqueConstraint("attempt_id", name="uq_payments_attempt_id"),
        sa.UniqueConstraint("payment_intent", name="uq_payments_payment_intent"),
        sa.UniqueConstraint("reference", name="uq_payments_reference"),
    )
    op.create_index("ix_payments_paid_at", "payments", ["paid_at"], unique=False)
    op.create_index("ix_payments_payer_id", "payments", ["payer_id"], unique=False)
    op.create_table(
        "pledges",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("payer_id", Id, nullable=False),
        sa.Column("attempt_id", Id, nullable=True),
        sa.Column("subscription", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("stripe_status", sa.String(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("cancel_at", Moment(), nullable=True),
        sa.Column("period_end_at", Moment(), nullable=False),
        sa.Column("grace_until", Moment(), nullable=True),
        sa.Column("card_brand", sa.String(), nullable=True),
        sa.Column("card_last4", sa.String(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.CheckConstraint("cadence IN ('month', 'year')", name=op.f("ck_pledges_cadence")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_pledges_amount_above_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_pledges_account_id_accounts"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name="fk_pledges_attempt_id_attempts"),
        sa.ForeignKeyConstraint(["payer_id"], ["payers.id"], name="fk_pledges_payer_id_payers"),
        sa.PrimaryKeyConstraint("id", name="pk_pledges"),
        sa.UniqueConstraint("reference", name="uq_pledges_reference"),
        sa.UniqueConstraint("subscription", name="uq_pledges_subscription"),
    )
    op.create_index("ix_pledges_account_id", "pledges", ["account_id"], unique=False)
    op.create_index(
        "uq_pledges_account_id_live",
        "pledges",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("live"),
        sqlite_where=sa.text("live"),
    )
    op.create_table(
        "round_results",
        sa.Column("round_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_round_results_round_id_rounds"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_round_results_topic_id_topics"),
        sa.PrimaryKeyConstraint("round_id", "topic_id", name="pk_round_results"),
    )
    op.create_table(
        "round_topics",
        sa.Column("round_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_round_topics_round_id_rounds"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_round_topics_topic_id_topics"),
        sa.PrimaryKeyConstraint("round_id", "topic_id", name="pk_round_topics"),
    )
    op.create_index("ix_round_topics_topic_id", "round_topics", ["topic_id"], unique=False)
    op.create_table(
        "topic_moves",
        sa.Column("id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column("was", sa.String(), nullable=True),
        sa.Column("now", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by_id", Id, nullable=True),
        sa.Column("text_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name="fk_topic_moves_by_id_accounts"),
        sa.ForeignKeyConstraint(["text_id"], ["move_texts.id"], name="fk_topic_moves_text_id_move_texts"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_topic_moves_topic_id_topics"),
        sa.PrimaryKeyConstraint("id", name="pk_topic_moves"),
    )
    op.create_index("ix_topic_moves_topic_id", "topic_moves", ["topic_id"], unique=False)
    op.create_table(
        "article_authors",
        sa.Column("article_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_authors_article_id_articles"),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name="fk_article_authors_author_id_authors"),
        sa.PrimaryKeyConstraint("article_id", "author_id", name="pk_article_authors"),
    )
    op.create_index("ix_article_authors_author_id", "article_authors", ["author_id"], unique=False)
    op.create_table(
        "article_tags",
        sa.Column("article_id", Id, nullable=False),
        sa.Column("tag_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_tags_article_id_articles"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_article_tags_tag_id_tags"),
        sa.PrimaryKeyConstraint("article_id", "tag_id", name="pk_article_tags"),
    )
    op.create_index("ix_article_tags_tag_id", "article_tags", ["tag_id"], unique=False)
    op.create_table(
        "article_versions",
        sa.Column("id", Id, nullable=False),
        sa.Column("article_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("front_matter", sa.JSON(), nullable=False),
        sa.Column("body_source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_versions_article_id_articles"),
        sa.PrimaryKeyConstraint("id", name="pk_article_versions"),
        sa.UniqueConstraint("article_id", "number", name="uq_article_versions_article_id_number"),
    )
    op.create_table(
        "article_views",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("article_id", Id, nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.CheckConstraint("views > 0", name=op.f("ck_article_views_some_views")),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_views_article_id_articles"),
        sa.PrimaryKeyConstraint("day", "article_id", name="pk_article_views"),
    )
    op.create_table(
        "open_choices",
        sa.Column("ballot_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["open_ballots.id"], name="fk_open_choices_ballot_id_open_ballots"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_open_choices_topic_id_topics"),
        sa.PrimaryKeyConstraint("ballot_id", "topic_id", name="pk_open_choices"),
    )
    op.create_table(
        "payment_sources",
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_payment_sources_payment_id_payments"),
        sa.PrimaryKeyConstraint("source_id", name="pk_payment_sources"),
    )
    op.create_index("ix_payment_sources_payment_id", "payment_sources", ["payment_id"], unique=False)
    op.create_table(
        "payment_states",
        sa.Column("id", Id, nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("was", sa.String(), nullable=True),
        sa.Column("now", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("cause_kind", sa.String(), nullable=False),
        sa.Column("cause_id", sa.String(), nullable=True),
        sa.CheckConstraint(
            "cause_kind IN ('event', 'thanks', 'reconcile', 'staff')", name=op.f("ck_payment_states_cause_kind")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_payment_states_payment_id_payments"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_states"),
    )
    op.create_index("ix_payment_states_payment_id", "payment_states", ["payment_id"], unique=False)
    op.create_table(
        "pledge_changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("pledge_id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("was", sa.String(), nullable=True),
        sa.Column("now", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name="fk_pledge_changes_pledge_id_pledges"),
        sa.PrimaryKeyConstraint("id", name="pk_pledge_changes"),
    )
    op.create_index("ix_pledge_changes_pledge_id", "pledge_changes", ["pledge_id"], unique=False)
    op.create_table(
        "pledge_payments",
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("pledge_id", Id, nullable=False),
        sa.Column("period_start", Moment(), nullable=False),
        sa.Column("period_end", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_pledge_payments_payment_id_payments"),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledges.id"], name="fk_pledge_payments_pledge_id_pledges"),
        sa.PrimaryKeyConstraint("payment_id", name="pk_pledge_payments"),
    )
    op.create_index("ix_pledge_payments_pledge_id", "pledge_payments", ["pledge_id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", Id, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payment_id", Id, nullable=False),
        sa.Column("issued_at", Moment(), nullable=False),
        sa.Column("addressee", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_receipts_payment_id_payments"),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.UniqueConstraint("payment_id", name="uq_receipts_payment_id"),
        sa.UniqueConstraint("year", "number", name="uq_receipts_year_number"),
    )
    op.create_table(
        "related",
        sa.Column("article_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("other_slug", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_related_article_id_articles"),
        sa.PrimaryKeyConstraint("article_id", "position", name="pk_related"),
    )

    op.execute(
        sa.text("INSERT INTO site_version (id, number, site_id) VALUES (1, 1, :site_id)").bindparams(
            site_id=secrets.token_hex(8)
        )
    )
    for table in APPEND_ONLY:
        refuse(op, table, "UPDATE", "DELETE")
    # A roll row may be marked (voted, barred, its account erased), never taken out.
    refuse(op, "roll", "DELETE")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward: restore a backup instead")
