"""Behind the link of the letter to a mended address: what it is about, and the button that makes it hold."""

from collections.abc import Mapping
from datetime import datetime

from flask import current_app, render_template
from sqlalchemy.orm import Session

from membership.accounts.links import Opened, Purpose
from membership.db import transaction
from membership.errors import NotFound
from membership.payments.models import Attempt
from membership.support.mending import LIFE, attempt_of, mend, wished_address
from membership.support.mending_letter import said_of


def show(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders the button, or that the wish is over: granted, replaced by a newer letter, or a day old."""
    attempt = _attempt(session, opened)
    return render_template(
        "support/mend_address.html",
        action=action,
        email=wished_address(session, opened.reference),
        says=said_of(attempt),
        thanks_href=f"/support/thanks/{attempt.reference}",
    )


def act(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> str:
    """Lets the new address hold, and leads to the thanks page, which says where it stands now."""
    attempt = _attempt(session, opened)
    with transaction(session):
        mend(session, opened.reference, current_app.extensions["personal_data"], now=now)
    return f"/support/thanks/{attempt.reference}"


LINK = Purpose(life=LIFE, show=show, act=act)


def _attempt(session: Session, opened: Opened) -> Attempt:
    attempt = attempt_of(session, opened.reference)
    if attempt is None:
        raise NotFound("There is no such payment here.")
    return attempt
