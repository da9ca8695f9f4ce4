"""The question which of two pledges was meant, behind the link of a letter and in the signed-in account."""

from collections.abc import Mapping
from datetime import datetime

from flask import render_template
from sqlalchemy.orm import Session

from membership.accounts.links import Opened, Purpose
from membership.db import transaction
from membership.errors import NotFound
from membership.patrons.duplicate_letters import told
from membership.patrons.duplicates import TIME_TO_CHOOSE, choose, outcome_of, questions_of
from membership.patrons.pledges import pledge_by_reference
from membership.payments.refunding import Asker


def show(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders the question, or what became of it."""
    account_id = _owner(opened)
    question = next((each for each in questions_of(session, account_id) if each.reference == opened.reference), None)
    pledge = pledge_by_reference(session, opened.reference)
    outcome = outcome_of(session, pledge.id) if pledge else None
    return render_template(
        "patrons/duplicate.html", question=question, action=action, told=told(outcome) if outcome else ()
    )


def act(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> None:
    """Settles it as the button says, and leads back to the link's page."""
    account_id = _owner(opened)
    with transaction(session):
        by = Asker("patron", account_id)
        choose(session, account_id, opened.reference, form.get("choice", ""), by=by, now=now)


def _owner(opened: Opened) -> int:
    if opened.account is None:
        raise NotFound("There is no such pledge here.")
    return opened.account.id


LINK = Purpose(life=TIME_TO_CHOOSE, show=show, act=act)
