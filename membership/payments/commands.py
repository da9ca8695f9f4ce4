"""Commands about the Stripe account: setting it up, looking at events again, comparing everything with it."""

from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import AppGroup

from membership.db import current_database
from membership.newsroom.words import current_newsroom
from membership.payments.gateway import StripeAway, StripeRefused, current_gateway
from membership.payments.reconciliation.commands import reconcile_command
from membership.payments.replaying import CannotReplay, Choice, replay_all, replay_event
from membership.payments.setting_up import set_up
from membership.settings import read_settings_file
from membership.web.current import current_settings, now

stripe_group = AppGroup("stripe", help="The Stripe account.")
stripe_group.add_command(reconcile_command)


@stripe_group.command("set-up")
@click.option("--roll", is_flag=True, help="Make a new webhook secret.")
def set_up_command(*, roll: bool) -> None:
    """Makes the products and the webhook endpoint at Stripe; may run twice."""
    settings = current_settings()
    types = sorted(current_app.extensions["events"].looks)
    try:
        url, name = f"{settings.base_url}/stripe/webhook", current_newsroom().name
        secret = set_up(current_gateway(), url, types, name=name, roll=roll)
    except (StripeAway, StripeRefused) as error:
        raise click.ClickException(f"Stripe was not set up: {error}") from error
    if secret is None:
        click.echo("Stripe is set up. The webhook's secret is as it was; --roll makes a new one.")
    elif settings.is_demo:
        keep_secret(secret)
        click.echo("Stripe is set up. The webhook's secret stands in instance/settings.env.")
    else:
        click.echo("Stripe is set up. Keep this secret, it is told only once:")
        click.echo(f"MEMBERSHIP_STRIPE_WEBHOOK_SECRETS={secret}")


@stripe_group.command("replay")
@click.argument("event", required=False)
@click.option("--state", type=click.Choice(["dead", "ignored"]), help="Of these; without it, of both.")
@click.option("--type", "event_type", help="Of this type, for example charge.updated.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), help="That came in since then (UTC).")
def replay_command(event: str | None, state: str | None, event_type: str | None, since: datetime | None) -> None:
    """Sets events waiting again: EVENT (from Stripe, if it is not here), or all that the options name.

    Nothing is done twice by it: an event only makes us look at Stripe again.
    """
    is_filtered = state is not None or event_type is not None or since is not None
    if is_filtered == (event is not None):
        raise click.UsageError("Name one event, or say which by --state, --type or --since.")
    states = ("dead", "ignored") if state is None else (state,)
    choice = Choice(states, event_type, since.replace(tzinfo=UTC) if since else None)
    try:
        if event is not None:
            click.echo(_replayed(event))
        else:
            woken = replay_all(current_database(), current_gateway(), choice, now=now())
            click.echo(f"{woken} event{'' if woken == 1 else 's'} set waiting; the worker looks at them next.")
    except (CannotReplay, StripeAway, StripeRefused) as error:
        raise click.ClickException(str(error)) from error


def _replayed(event_id: str) -> str:
    types, livemode = current_app.extensions["events"].looks, current_settings().mode == "live"
    ignored = replay_event(current_database(), current_gateway(), event_id, types, livemode=livemode, now=now())
    if ignored is not None:
        return f"{event_id} was fetched from Stripe and is ignored: {ignored}."
    return f"{event_id} is waiting; the worker looks at it next."


def keep_secret(secret: str) -> None:
    """Adds the webhook's secret to the demo's settings file; older ones stay good, for demos on other ports."""
    path = current_settings().instance / "settings.env"
    name = "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS"
    kept = read_settings_file(path)
    kept[name] = ",".join(filter(None, (kept.get(name), secret)))
    path.touch(mode=0o600)
    path.write_text("".join(f"{each}={value}\n" for each, value in kept.items()), "utf-8")
