"""What staff hear about money that needs a person: a short letter without anybody's name or address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account, StaffRole
from membership.mail.letters import Button, Facts, Letter, Line
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import enqueue

SAYINGS = {
    "superseded": lazy_gettext(
        "Two payments came in for one form, although it lets only one page be paid. "
        "The later one is given back by itself, and its payer is written to; there is nothing to do."
    ),
    "refund_failed": lazy_gettext(
        "A refund did not go through: the money is still with us. Stripe says why. "
        "Please ask the payer how to send it, and give it back another way."
    ),
    "dispute": lazy_gettext(
        "A payer's bank asks for a payment back, and Stripe has taken it from the balance for now. "
        "Stripe says until when you can answer, and takes the evidence."
    ),
    "dispute_won": lazy_gettext("A dispute was decided for us: the money is back in the balance."),
    "dispute_lost": lazy_gettext(
        "A dispute was decided against us: the money stays with the payer, and so does the fee."
    ),
    "fraud_warning": lazy_gettext(
        "The card's network suspects that this payment was made with a stolen card. "
        "Giving it back before a dispute begins saves the fee of a dispute."
    ),
    "payout_failed": lazy_gettext(
        "The newsroom's bank sent a payout back. The money is in the Stripe balance; "
        "please look at the bank account there."
    ),
}


def notify_staff(session: Session, about: str, reference: str, *, now: datetime) -> None:
    """Lets staff hear of something, once; `about` is a key of `SAYINGS`. In the caller's transaction."""
    enqueue(session, "staff_notice", f"{about}:{reference}", {"about": about, "reference": reference}, now=now)


def staff_notice(session: Session, payload: Mapping[str, Any], *, base_url: str) -> tuple[Letter, ...]:
    """Writes to everybody who looks after money: finance and admin. `reference` names what it is about."""
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
