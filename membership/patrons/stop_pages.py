"""Behind the link *stop here* of a letter: ends the pledge that the letter was about, without signing in."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import render_template
from sqlalchemy.orm import Session

from membership.accounts.links import Opened, Purpose
from membership.patrons.mend_pages import owned
from membership.patrons.stopping import FAILING, stop
from membership.payments.mirror import current_mirror

LIFE = timedelta(days=400)


def show(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders the pledge with its button, or how it ends already."""
    pledge = owned(session, opened)
    return render_template(
        "patrons/stop.html",
        pledge=pledge,
        action=action,
        ends_at=pledge.ended_at or pledge.cancel_at,
        # What is not the live one is a second pledge that its owner was asked about in a letter of its own.
        may_stop=pledge.live and pledge.ended_at is None and pledge.cancel_at is None,
        at_once=pledge.stripe_status in FAILING,
        has_ended=pledge.ended_at is not None or (pledge.cancel_at is not None and pledge.cancel_at <= now),
    )


def act(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> None:
    """Stops the pledge, and leads back to the link's page. A newer pledge of the same person is left alone."""
    pledge = owned(session, opened)
    if pledge.live and pledge.ended_at is None:
        stop(session, current_mirror(), pledge.account_id)


LINK = Purpose(life=LIFE, show=show, act=act)
