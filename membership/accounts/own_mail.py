"""The part of letters and credit in what stands here about a person: what they want, what waits, how they are named."""

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account, Credit, News, UnwantedMail, WantedMail
from membership.accounts.own_data import Fate, PersonalData, Section, section


def export(session: Session, account: Account) -> tuple[Section, ...]:
    """Tells which letters somebody does not want or asked for, what was told or waits to be, and how they are named."""
    return _unwanted(session, account), _wanted(session, account), _news(session, account), _credit(session, account)


def foretell(session: Session, account: Account) -> Fate:
    """Says that choices and waiting news go, and the credit."""
    goes = (_("Which letters you want, and news that waits to be told."),)
    if session.get(Credit, account.id) is None:
        return Fate(goes)
    return Fate((*goes, _("Your name, or your initials, under articles.")))


def erase(session: Session, account: Account, *, now: datetime) -> None:
    """Deletes all of it."""
    for table in (UnwantedMail, WantedMail, News, Credit):
        session.execute(delete(table).where(table.account_id == account.id))


OWN_MAIL = PersonalData(export, foretell, erase)


def _unwanted(session: Session, account: Account) -> Section:
    theirs = select(UnwantedMail).where(UnwantedMail.account_id == account.id).order_by(UnwantedMail.kind)
    labels = {"kind": _("Kind"), "since": _("Since")}
    return section("unwanted_mail", _("Letters you do not want"), labels, session.scalars(theirs))


def _wanted(session: Session, account: Account) -> Section:
    theirs = select(WantedMail).where(WantedMail.account_id == account.id).order_by(WantedMail.kind)
    labels = {"kind": _("Kind"), "since": _("Since")}
    return section("wanted_mail", _("Letters you asked for"), labels, session.scalars(theirs))


def _news(session: Session, account: Account) -> Section:
    theirs = select(News).where(News.account_id == account.id).order_by(News.id)
    labels = {"kind": _("Kind"), "key": _("About"), "created_at": _("Since"), "told_at": _("Told")}
    return section("news", _("News for you"), labels, session.scalars(theirs))


def _credit(session: Session, account: Account) -> Section:
    theirs = select(Credit).where(Credit.account_id == account.id)
    labels = {"shown": _("You are named by"), "name": _("Name"), "chosen_at": _("Chosen")}
    return section("credit", _("Credit under articles"), labels, session.scalars(theirs))
