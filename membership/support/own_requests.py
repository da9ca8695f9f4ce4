"""The part of support in what stands here about a person: that they asked for help, or for another address."""

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.own_data import Fate, PersonalData, Section
from membership.support.mending import forget_wishes
from membership.support.models import HelpRequest


def export(session: Session, account: Account) -> tuple[Section, ...]:
    """Tells when somebody asked for help by mail."""
    asked = select(HelpRequest).where(HelpRequest.email_key == account.email_key).order_by(HelpRequest.id)
    rows = tuple({"created_at": each.created_at} for each in session.scalars(asked))
    return (Section("help_requests", _("Help you asked for by mail"), {"created_at": _("When")}, rows),)


def foretell(_session: Session, _account: Account) -> Fate:
    """Says nothing: what goes here is gone in two days anyway."""
    return Fate()


def erase(session: Session, account: Account, *, now: datetime) -> None:
    """Deletes the requests of an address, and calls off what waits to mend one."""
    forget_wishes(session, account, now=now)
    session.execute(delete(HelpRequest).where(HelpRequest.email_key == account.email_key))


def forget_help(session: Session, *, before: datetime, now: datetime) -> None:
    """Deletes requests from before a moment."""
    session.execute(delete(HelpRequest).where(HelpRequest.created_at < before))


OWN_REQUESTS = PersonalData(export, foretell, erase)
