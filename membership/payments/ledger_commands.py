"""Commands about the ledger: its export, whole or of a period, and its proof against Stripe."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from membership.db import current_database, current_session
from membership.money import Money
from membership.newsroom.words import current_newsroom
from membership.payments.balance_check import BalanceCheck, check_balance
from membership.payments.export import COLUMNS, export_rows
from membership.payments.gateway import KeySpoiled, StripeAway, StripeRefused, current_gateway
from membership.payments.invariants import violations
from membership.payments.period_export import PERIOD_COLUMNS, Period, export_period, period_rows
from membership.payments.reconciliation.commands import Away
from membership.web.current import now

group = AppGroup("ledger", help="The ledger.")

EXIT_CODES = {"equal": 0, "differs": 1, "not settled yet": 2, "incomplete": 3}
VIOLATED = 4
DAY = click.DateTime(["%Y-%m-%d"])


@group.command("export")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True)
@click.option("--from", "first", type=DAY, metavar="DATE", help="The period's first day, in the newsroom's zone.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="Its last day; without it, all days since.")
def export_command(form: str, first: datetime | None, last: datetime | None) -> None:
    """Writes one row for each payment, and for each attempt without one.

    Of a period it writes the payments, refunds and credit notes, and the balances before, between and after.
    """
    if first is None and last is None:
        _write(export_rows(current_session()), COLUMNS, form)
        return
    exported = export_period(current_session(), _period(first, last))
    if form == "json":
        click.echo(json.dumps(exported, ensure_ascii=False, indent=1))
    else:
        _write(period_rows(exported), PERIOD_COLUMNS, form)


def _period(first: datetime | None, last: datetime | None) -> Period:
    begins = first.date() if first is not None else date(2000, 1, 1)
    today = now().astimezone(current_newsroom().zone).date()
    ends = last.date() if last is not None else max(begins, today)
    if begins > ends:
        raise click.BadParameter(f"{ends} lies before {begins}.", param_hint="--to")
    return Period(begins, ends + timedelta(days=1), current_newsroom().zone)


@group.command("check")
def check_command() -> None:
    """Compares the ledger with Stripe's balance, then asks what must always be true.

    Exit 0 equal, 1 differs, 2 not settled yet, 3 incomplete, 4 an invariant does not hold, 5 Stripe is away.
    """
    try:
        check = check_balance(current_database(), current_gateway())
    except (StripeAway, StripeRefused, KeySpoiled) as error:
        raise Away(f"The ledger was not checked: {error}") from error
    _say(check)
    sound = _say_violations(current_session())
    sys.exit(EXIT_CODES[check.verdict] or (0 if sound else VIOLATED))


def _say(check: BalanceCheck) -> None:
    for currency, ours, theirs in check.lines:
        difference = Money(ours - theirs, currency).plain()
        click.echo(
            f"{currency}  ledger {Money(ours, currency).plain()}  Stripe {Money(theirs, currency).plain()}"
            f"  difference {difference}"
        )
    before = check.incomplete_before
    if before is None:
        click.echo(check.verdict)
    else:
        click.echo(f"incomplete before {before.astimezone(current_newsroom().zone):%Y-%m-%d}: run it again to read on")


def _say_violations(session: Session) -> bool:
    found = violations(session, current_app.extensions["invariants"], now=now())
    for each in found:
        more = f" and {each.count - len(each.references)} more" if each.count > len(each.references) else ""
        click.echo(f"Not so: {each.sentence} ({each.name}: {', '.join(each.references)}{more})")
    return not found


def _write(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: str) -> None:
    if form == "json":
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=1))
        return
    writer = csv.DictWriter(sys.stdout, columns)
    writer.writeheader()
    writer.writerows(rows)
