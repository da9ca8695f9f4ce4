"""What the worker reconciles by itself: each night what is new, each week everything, and always mending."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock, Thread
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import func, select

from membership.db import transaction
from membership.outbox.models import PeriodicRun
from membership.outbox.periodic import Every
from membership.payments.alarms import settle_alarm
from membership.payments.gateway import KeySpoiled, StripeAway, StripeRefused
from membership.payments.inbox import Sync
from membership.payments.mirror import Mirror
from membership.payments.reconciliation.differences import Survey, Window
from membership.payments.reconciliation.mending import mend
from membership.payments.reconciliation.surveying import LATELY, Part, take_survey

log = structlog.get_logger()

DIFFERED = "books_differed"
NIGHTLY, WEEKLY = "reconcile what is new", "reconcile everything"
# The second in the night to Sunday.
RUNS = {
    NIGHTLY: Every(timedelta(days=1), after=timedelta(hours=2)),
    WEEKLY: Every(timedelta(days=7), after=timedelta(days=3, hours=1)),
}

# One at a time in a process: the night of the week has both.
_turn = Lock()


def reconcile_beside(mirror: Mirror, parts: Sequence[Part[Any]], syncs: Mapping[str, Sync], *, full: bool) -> Thread:
    """Reconciles in a thread of its own: it takes minutes, in which a worker has letters to send.

    If the process ends meanwhile, some of it is mended, and the rest the next night.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the app behind the proxy

    def work() -> None:
        with _turn, app.app_context():
            reconcile_by_itself(mirror, parts, syncs, full=full)

    thread = Thread(target=work, daemon=True, name="reconcile")
    thread.start()
    return thread


def reconcile_by_itself(mirror: Mirror, parts: Sequence[Part[Any]], syncs: Mapping[str, Sync], *, full: bool) -> None:
    """Compares and mends what was made in the last 30 days, or everything, and logs each thing that it mended."""
    window = Window(None if full else _lately(mirror), mirror.clock.now())
    try:
        survey = take_survey(mirror.database, mirror.gateway, parts, window, tell=_quietly)
        mended = mend(mirror, syncs, survey, tell=_quietly)
    except (StripeAway, StripeRefused, KeySpoiled) as error:
        log.warning("reconcile.stripe_away", error=str(error))
        return
    except Exception:  # the edge of a thread: the next night tries again
        log.exception("reconcile.broke_off")
        return
    _log(survey)
    _tell_operators(mirror, survey)
    log.info("reconcile.done", full=full, looked_at=mended.looked, inserted=mended.inserted, failed=len(mended.failed))


def _lately(mirror: Mirror) -> datetime:
    return mirror.clock.now() - LATELY


def _quietly(*_args: object) -> None:
    """Tells nobody."""


def _log(survey: Survey) -> None:
    for (kind, key), group in survey.differences.items():
        log.warning("reconcile.differed", kind=kind, key=key, what=[each.what for each in group])


def _tell_operators(mirror: Mirror, survey: Survey) -> None:
    """Alarms if Stripe knew of something that was not here: it is mended, but why it was missed is not known.

    The first night of a newsroom brings its past, which nobody has missed.
    """
    kinds = sorted({kind for kind, _key in survey.differences})
    says = f"The night found what Stripe knew otherwise, and mended it: {', '.join(kinds)}. The log names each."
    with mirror.database.session() as session, transaction(session):
        nights = session.scalars(select(func.count()).where(PeriodicRun.name == NIGHTLY)).one()
        settle_alarm(session, DIFFERED, says if kinds and nights > 1 else None, now=mirror.clock.now())
