"""Registers the commands of `flask --app app`."""

from flask import Flask

from membership import migrating
from membership.newsroom import commands as newsroom_commands

GROUPS = (migrating.group, newsroom_commands.group)


def register(app: Flask) -> None:
    """Adds every group of commands to the application."""
    for group in GROUPS:
        app.cli.add_command(group)
