"""Commands of the demo."""

import click
from flask import current_app
from flask.cli import AppGroup

from membership.db import current_database
from membership.demo.loading import Surroundings, load
from membership.demo.sandbox import SandboxAway
from membership.demo.settling import NotSettled
from membership.errors import Refusal
from membership.web.current import current_clock, current_settings

group = AppGroup("demo", help="The demo newsroom; demo mode alone.")


@group.command("load")
@click.option("--patrons", type=click.IntRange(0, 100_000), default=0, help="So many invented patrons besides.")
def load_command(patrons: int) -> None:
    """Loads the demo newsroom: articles, people with their payments, rounds. A second time changes nothing."""
    settings = current_settings()
    if not settings.is_demo or settings.stripe_api_base is None:
        raise click.ClickException(f"The demo is loaded in demo mode alone; this is {settings.mode} mode.")
    around = Surroundings(
        database=current_database(),
        clock=current_clock(),
        media=settings.instance / "media",
        sandbox=settings.stripe_api_base,
        loaders=current_app.extensions["loaders"],
        rounds=current_app.extensions["rounds_in_order"],
    )
    try:
        changed = load(around, invented=patrons, say=click.echo)
    except (SandboxAway, NotSettled, Refusal) as error:
        raise click.ClickException(str(error)) from error
    click.echo("The demo newsroom is loaded." if changed else "The demo newsroom was loaded already.")
