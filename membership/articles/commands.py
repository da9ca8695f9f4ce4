"""Commands about articles."""

from pathlib import Path

import click
from flask.cli import AppGroup

from membership.articles.importing import Report, import_paths
from membership.articles.versions import Outcome
from membership.db import current_database, current_session
from membership.newsroom.words import current_newsroom
from membership.web.current import current_settings, now

group = AppGroup("articles", help="Articles.")


@group.command("import")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.pass_context
def import_command(context: click.Context, paths: tuple[Path, ...]) -> None:
    """Imports Markdown files, or all of those in a folder; names what is wrong, and imports the others."""
    media = current_settings().instance / "media"
    report = import_paths(current_session(), paths, media=media, language=current_newsroom().language, now=now())
    current_database().analyze()
    for fault in (*report.faults, *report.warnings):
        click.echo(str(fault), err=True)
    click.echo(_summary(report))
    if report.faults:
        context.exit(1)


def _summary(report: Report) -> str:
    counts = [f"{report.outcomes[outcome]} {outcome.value}" for outcome in Outcome]
    return f"Articles: {', '.join(counts)}, {report.broken} broken."
