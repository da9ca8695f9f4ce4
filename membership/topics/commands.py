"""Commands about rounds."""

from datetime import UTC

import click
from flask.cli import AppGroup

from membership.db import current_session, transaction
from membership.errors import NotFound
from membership.topics.closing import close
from membership.topics.export import as_csv, as_json, export
from membership.topics.models import Round
from membership.topics.roll import verify_roll
from membership.topics.rounds import by_slug
from membership.web.current import current_clock

group = AppGroup("rounds", help="Rounds of voting.")


@group.command("export")
@click.argument("slug")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
def export_command(slug: str, form: str) -> None:
    """Writes the round SLUG as data; from a closed one, anyone can count again."""
    content = export(current_session(), _round(slug))
    click.echo(as_csv(content) if form == "csv" else as_json(content), nl=False)


@group.command("verify-roll")
@click.argument("slug")
def verify_roll_command(slug: str) -> None:
    """Computes both hashes of the roll of SLUG anew; exit 1 if one is not what was published."""
    round_ = _round(slug)
    if round_.roll_hash_open is None:
        raise click.ClickException(f"{slug} has no roll: it was never opened")
    check = verify_roll(current_session(), round_)
    click.echo(f"at the opening: {_said(check.opening)}\nfinal: {_said(check.final)}")
    if not check.opening or check.final is False:
        raise click.exceptions.Exit(1)


@group.command("close")
@click.argument("slug")
def close_command(slug: str) -> None:
    """Counts the round SLUG if its time has come and no worker has done it; exit 1 while it is open."""
    round_ = _round(slug)
    with transaction(current_session()) as session:
        is_done = close(session, round_.id, clock=current_clock())
    if is_done:
        click.echo(f"{slug} is counted")
    elif round_.closed_at is not None:
        click.echo(f"{slug} was counted before")
    else:
        until = round_.closes_at.astimezone(UTC).isoformat()
        raise click.ClickException(f"{slug} cannot be counted: it is not open, or not closed before {until}")


def _round(slug: str) -> Round:
    try:
        return by_slug(current_session(), slug)
    except NotFound as refusal:
        raise click.ClickException(f"{refusal} ({slug})") from refusal


def _said(is_equal: bool | None) -> str:
    if is_equal is None:
        return "not published yet"
    return "equal" if is_equal else "DIFFERS from what was published"
