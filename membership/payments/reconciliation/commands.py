"""The command that compares everything here with Stripe, and mends what differs."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import click
from flask import current_app

from membership.newsroom.words import current_newsroom
from membership.payments.gateway import KeySpoiled, StripeAway, StripeRefused
from membership.payments.mirror import current_mirror
from membership.payments.reconciliation import report
from membership.payments.reconciliation.differences import Survey, Window
from membership.payments.reconciliation.mending import mend
from membership.payments.reconciliation.surveying import LATELY, take_survey


class Away(click.ClickException):
    """Stripe did not answer: nothing is known, which is neither *equal* nor *differs*."""

    exit_code = 5


@click.command("reconcile")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="From this day; by default 30 days.")
@click.option("--full", is_flag=True, help="Everything, from the beginning.")
@click.option("--apply", is_flag=True, help="Mend what differs.")
def reconcile_command(*, since: datetime | None, full: bool, apply: bool) -> None:
    """Compares payments and pledges with Stripe: exit 0 nothing differs, 1 something does, 5 Stripe is away."""
    if since is not None and full:
        raise click.UsageError("--since and --full contradict each other.")
    mirror = current_mirror()
    now = mirror.clock.now()
    begins = since.replace(tzinfo=current_newsroom().zone) if since is not None else now - LATELY
    try:
        with Bars() as bars:
            parts = current_app.extensions["reconciled"]
            survey = take_survey(
                mirror.database, mirror.gateway, parts, Window(None if full else begins, now), tell=bars.tell
            )
        _say(survey)
        sys.exit(_mend(survey) if apply else bool(survey.differences))
    except (StripeAway, StripeRefused, KeySpoiled) as error:
        raise Away(f"Stripe could not be asked: {error}. What was mended is mended; run it again.") from error


def _say(survey: Survey) -> None:
    for line in report.lines(survey):
        click.echo(line)
    others = report.of_others(survey)
    if others is not None:
        click.echo(others)
    click.echo(report.summary(survey))


def _mend(survey: Survey) -> int:
    if not survey.differences:
        return 0
    things = len(list(survey.things()))
    with Bars() as bars:
        mended = mend(
            current_mirror(),
            current_app.extensions["events"].syncs,
            survey,
            tell=lambda count: bars.tell("mending", count, things),
        )
    for thing in mended.failed:
        click.echo(f"{thing.kind} {thing.id} could not be mended; the log says why.")
    click.echo(f"Looked at {mended.looked} objects anew, inserted {mended.inserted} movements.")
    return 1 if mended.failed else 0


class Bars(ExitStack):
    """Draws a bar for each part while it goes on, for people who look at a terminal; for pipes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._name = ""
        self._step: Callable[[int], object] = _no_step

    def tell(self, name: str, count: int, expected: int) -> None:
        """Moves the bar of a part on by `count`."""
        if not sys.stderr.isatty():
            return
        if name != self._name:
            self.close()
            bar: Any = click.progressbar(length=max(expected, count), label=f"{name:<24}", file=sys.stderr)
            self._name, self._step = name, self.enter_context(bar).update
        self._step(count)


def _no_step(_count: int) -> None:
    """Draws nothing."""
