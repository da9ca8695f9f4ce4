"""Commands about rounds."""

import click
from flask.cli import AppGroup

from membership.db import current_session
from membership.errors import NotFound
from membership.topics.export import as_csv, as_json, export
from membership.topics.rounds import by_slug

group = AppGroup("rounds", help="Rounds of voting.")


@group.command("export")
@click.argument("slug")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
def export_command(slug: str, form: str) -> None:
    """Writes the round SLUG as data; from a closed one, anyone can count again."""
    session = current_session()
    try:
        content = export(session, by_slug(session, slug))
    except NotFound as refusal:
        raise click.ClickException(f"{refusal} ({slug})") from refusal
    click.echo(as_csv(content) if form == "csv" else as_json(content), nl=False)
