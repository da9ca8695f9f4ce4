"""Brings a database to the newest revision of `migrations/`, and says how far it is."""

import click
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask.cli import AppGroup

from membership.db import Database, current_database
from membership.settings import ROOT

group = AppGroup("db", help="The database.")


@group.command("upgrade")
@click.argument("revision", default="head")
def upgrade_command(revision: str) -> None:
    """Migrates the database to REVISION (the newest)."""
    upgrade(current_database(), revision)
    click.echo(f"The database is at {at_revision(current_database())}.")


@group.command("check")
def check_command() -> None:
    """Fails if the tables in code and the migrations differ."""
    with current_database().engine.connect() as connection:
        command.check(_config(connection))


def upgrade(database: Database, revision: str = "head") -> None:
    """Runs the migrations up to `revision`, each in a transaction of its own."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            # Rebuilding a table would cascade to its children; checked again at the end of each migration.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
        else:
            connection = connection.execution_options(isolation_level="READ COMMITTED")
        command.upgrade(_config(connection), revision)
        connection.commit()
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def at_revision(database: Database) -> str | None:
    """Returns the revision of the database; `None` if it was never migrated."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Returns the revision to which `upgrade` leads."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    return config
