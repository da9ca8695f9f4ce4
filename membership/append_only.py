"""Tables whose rows are facts: triggers refuse to change or delete them, on both databases. For migrations."""

from types import ModuleType

VERBS = ("UPDATE", "DELETE")


def refuse(op: ModuleType, table: str, *verbs: str) -> None:
    """Creates the triggers that refuse `verbs` (UPDATE, DELETE; TRUNCATE as well on PostgreSQL) on `table`."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in verbs:
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} refuses {verb}: its rows are facts'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% refuses %: its rows are facts', TG_TABLE_NAME, TG_OP; END $$"
    )
    for verb in (*verbs, "TRUNCATE"):
        each = "STATEMENT" if verb == "TRUNCATE" else "ROW"
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        )
