"""Registers the commands of `flask --app app`."""

import click
from flask import Flask
from flask.cli import run_command

from membership import migrating, serving, working
from membership.accounts import commands as accounts_commands
from membership.articles import commands as articles_commands
from membership.demo import commands as demo_commands
from membership.newsroom import commands as newsroom_commands
from membership.payments import commands as payments_commands
from membership.payments import ledger_commands
from membership.topics import commands as topics_commands

GROUPS = (
    migrating.group,
    newsroom_commands.group,
    articles_commands.group,
    accounts_commands.accounts_group,
    accounts_commands.staff_group,
    payments_commands.stripe_group,
    ledger_commands.group,
    topics_commands.group,
    demo_commands.group,
    serving.serve,
    working.worker,
)


def refuse_flask_run() -> None:
    """Raises a `click.UsageError` if the application is made for `flask run`: that server knows none of our settings.

    It would listen wherever it is told to, in the demo too. Flask looks its own commands up before ours.
    """
    context = click.get_current_context(silent=True)
    if context is not None and context.command is run_command:
        raise click.UsageError("`flask run` is not for this application. Use `flask --app app serve`.")


def register(app: Flask) -> None:
    """Adds every group of commands to the application."""
    for group in GROUPS:
        app.cli.add_command(group)
