"""Rounds that are drafted and announced, what a chosen topic promises, who follows it; an open round stays as it is."""

import sqlalchemy as sa
from alembic import op

from membership.append_only import refuse
from membership.db import Id, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TOPIC_STATES = (
    "state IN ('proposed', 'shortlisted', 'in_round', 'selected', 'reporting', 'published', 'postponed', 'declined', "
    "'withheld', 'withdrawn')"
)
PROMISED = (
    "slug",
    "title",
    "question",
    "opens_at",
    "joins_until",
    "closes_at",
    "choices",
    "winners",
    "method",
    "secret",
    "donor_months",
)
NAMED = ("round_id", "topic_id", "position", "who", "takes", "will_not_be")
NEW_IN_OPEN = "(SELECT roll_hash_open FROM rounds WHERE id = NEW.round_id) IS NOT NULL"
OLD_IN_OPEN = "(SELECT roll_hash_open FROM rounds WHERE id = OLD.round_id) IS NOT NULL"
HASHED = ("round_id", "key", "weight", "standing", "added_at", "reason")


def upgrade() -> None:
    _topics()
    _rounds()
    _round_topics()
    _roll()
    _follows()
    _wanted_mail()
    _keep_promises()


def _topics() -> None:
    op.add_column("topics", sa.Column("sources", sa.String(), nullable=False, server_default=""))
    op.add_column("topics", sa.Column("person", sa.String(), nullable=True))
    op.add_column("topics", sa.Column("promised_on", sa.Date(), nullable=True))
    op.add_column("topics", sa.Column("postponed_to", sa.Date(), nullable=True))
    op.add_column("topics", sa.Column("outcome_url", sa.String(), nullable=True))
    op.add_column("topics", sa.Column("outcome_title", sa.String(), nullable=True))
    if _is_postgresql():
        op.drop_constraint(op.f("ck_topics_state"), "topics", type_="check")
        op.create_check_constraint(op.f("ck_topics_state"), "topics", TOPIC_STATES)
        return
    # SQLite cannot change a rule: the table is made anew, with its rows.
    with op.batch_alter_table("topics", recreate="always") as table:
        table.drop_constraint(op.f("ck_topics_state"), type_="check")
        table.create_check_constraint(op.f("ck_topics_state"), TOPIC_STATES)


def _rounds() -> None:
    rule = "CONSTRAINT ck_rounds_donors_of_up_to_two_years CHECK (donor_months >= 1 AND donor_months <= 24)"
    op.execute(f"ALTER TABLE rounds ADD COLUMN donor_months INTEGER {rule}")
    op.add_column("rounds", sa.Column("announced_at", Moment(), nullable=True))
    op.add_column("rounds", sa.Column("called_off_at", Moment(), nullable=True))
    _add_reference("rounds", "called_off_text_id", "move_texts")
    op.execute("UPDATE rounds SET announced_at = opens_at")


def _round_topics() -> None:
    for name in ("who", "takes", "will_not_be"):
        op.add_column("round_topics", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("round_topics", sa.Column("endangered_at", Moment(), nullable=True))
    _add_reference("round_topics", "endangered_text_id", "move_texts")


def _roll() -> None:
    _add_reference("roll", "payment_id", "payments")
    op.create_index("ix_roll_payment_id", "roll", ["payment_id"])


def _follows() -> None:
    op.create_table(
        "follows",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_follows_account_id_accounts"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name="fk_follows_topic_id_topics"),
        sa.PrimaryKeyConstraint("account_id", "topic_id", name="pk_follows"),
    )
    op.create_index("ix_follows_topic_id", "follows", ["topic_id"])


def _wanted_mail() -> None:
    op.create_table(
        "wanted_mail",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_wanted_mail_account_id_accounts"),
        sa.PrimaryKeyConstraint("account_id", "kind", name="pk_wanted_mail"),
    )


def _keep_promises() -> None:
    """Refuses what would loosen an open round: its promise, its topics, the lines of its roll, its hashes."""
    is_open = "OLD.roll_hash_open IS NOT NULL"
    _refuse_if("rounds", "keeps_its_promise", "UPDATE", f"{is_open} AND ({_changed(PROMISED)})")
    _refuse_if("rounds", "stays", "DELETE", is_open)
    for name in ("roll_hash_open", "roll_hash_final", "closed_at", "called_off_at"):
        _refuse_if("rounds", f"keeps_{name}", "UPDATE", f"OLD.{name} IS NOT NULL AND ({_changed((name,))})")
    _refuse_if("roll", "keeps_its_lines", "UPDATE", _changed(HASHED))
    _refuse_if("round_topics", "stand_insert", "INSERT", NEW_IN_OPEN, reads=True)
    _refuse_if("round_topics", "stand_update", "UPDATE", f"{OLD_IN_OPEN} AND ({_changed(NAMED)})", reads=True)
    _refuse_if("round_topics", "stand_delete", "DELETE", OLD_IN_OPEN, reads=True)
    refuse(op, "topics", "DELETE")


def _refuse_if(table: str, name: str, verb: str, condition: str, *, reads: bool = False) -> None:
    told = f"{table} refuses {verb}: what an open round promised stands"
    if not _is_postgresql():
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
        )
        return
    # A trigger's own condition may not read other tables on PostgreSQL; its function may.
    body = f"IF {condition} THEN RAISE EXCEPTION '{told}'; END IF; RETURN {'OLD' if verb == 'DELETE' else 'NEW'};"
    op.execute(f"CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    when = "" if reads else f"WHEN ({condition}) "
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {table}_{name}()"
    )


def _changed(columns: tuple[str, ...]) -> str:
    differs = "IS DISTINCT FROM" if _is_postgresql() else "IS NOT"
    return " OR ".join(f"NEW.{each} {differs} OLD.{each}" for each in columns)


def _add_reference(table: str, column: str, to: str) -> None:
    # SQLite takes a new column with its rule, but no new rule by itself.
    kind = "BIGINT" if _is_postgresql() else "INTEGER"
    rule = f"CONSTRAINT fk_{table}_{column}_{to} REFERENCES {to} (id)"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} {rule}")


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward: restore a backup instead")
