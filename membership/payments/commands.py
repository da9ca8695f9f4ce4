"""Commands about money: setting Stripe up, exporting the ledger, checking it."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from membership.db import current_database, current_session
from membership.money import Money
from membership.newsroom.words import current_newsroom
from membership.payments.balance_check import check_balance
from membership.payments.export import COLUMNS, export_rows
from membership.payments.gateway import StripeAway, StripeRefused, current_gateway
from membership.payments.setting_up import set_up
from membership.settings import read_settings_file
from membership.web.current import current_settings

stripe_group = AppGroup("stripe", help="The Stripe account.")
ledger_group = AppGroup("ledger", help="The ledger.")

EXIT_CODES = {"equal": 0, "differs": 1, "not settled yet": 2}


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


def keep_secret(secret: str) -> None:
    """Adds the webhook's secret to the demo's settings file; older ones stay good, for demos on other ports."""
    path = current_settings().instance / "settings.env"
    name = "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS"
    kept = read_settings_file(path)
    kept[name] = ",".join(filter(None, (kept.get(name), secret)))
    path.touch(mode=0o600)
    path.write_text("".join(f"{each}={value}\n" for each, value in kept.items()), "utf-8")


@ledger_group.command("export")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
def export_command(form: str) -> None:
    """Writes one row for each payment, and for each attempt without one."""
    _write(export_rows(current_session()), form)


@ledger_group.command("check")
def check_command() -> None:
    """Compares the ledger with Stripe's balance: exit 0 equal, 1 differs, 2 not settled yet."""
    try:
        check = check_balance(current_database(), current_gateway())
    except (StripeAway, StripeRefused) as error:
        raise click.ClickException(f"The ledger was not checked: {error}") from error
    for currency, ours, theirs in check.lines:
        difference = Money(ours - theirs, currency).plain()
        click.echo(
            f"{currency}  ledger {Money(ours, currency).plain()}  Stripe {Money(theirs, currency).plain()}"
            f"  difference {difference}"
        )
    click.echo(check.verdict)
    sys.exit(EXIT_CODES[check.verdict])


def _write(rows: Iterable[Mapping[str, Any]], form: str) -> None:
    if form == "json":
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=1))
        return
    writer = csv.DictWriter(sys.stdout, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
