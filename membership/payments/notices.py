"""What staff hear about money that needs a person: a short letter without anybody's name or address."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account, StaffRole
from membership.mail.letters import Button, Facts, Letter, Line
from membership.newsroom.words import current_newsroom

SAYINGS = {
    "duplicate": lazy_gettext(
        "A second pledge was started by somebody who already has one. The older goes on counting; both are charged. "
        "Please write to the patron and end one of them at Stripe."
    ),
    "superseded": lazy_gettext(
        "A payment came in for a Checkout that had been replaced by another one of the same form. "
        "If both were paid, please give the later one back at Stripe."
    ),
}


def staff_notice(session: Session, payload: Mapping[str, Any], *, base_url: str) -> tuple[Letter, ...]:
    """Writes to everybody who looks after money: finance and admin. `reference` names the pledge or the attempt."""
    statement = (
        select(Account)
        .join(StaffRole, StaffRole.account_id == Account.id)
        .where(StaffRole.role.in_(("finance", "admin")), Account.erased_at.is_(None))
        .distinct()
    )
    about, reference = payload["about"], payload["reference"]
    button = Button(str(_("Staff pages")), f"{base_url}/staff/")
    return tuple(
        Letter(
            to=person.email,
            subject=str(_("%(newsroom)s: a payment needs a look", newsroom=current_newsroom().name)),
            blocks=(Line(str(SAYINGS[about])), Facts(((str(_("Reference")), reference),)), button),
            key=f"staff_notice.{about}.{reference}.{person.reference}",
        )
        for person in session.scalars(statement)
    )
