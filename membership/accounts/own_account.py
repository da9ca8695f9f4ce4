"""The part of accounts in what stands here about a person: the account, its browsers, its requests to sign in."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.accounts.erasing import NOBODY
from membership.accounts.models import (
    Account,
    AddressChange,
    AuditEntry,
    Passkey,
    SignInSession,
    SignInToken,
    StaffRole,
)
from membership.accounts.own_data import Fate, PersonalData, Section, Value, section
from membership.outbox.dropping import drop_naming

DAY_LABELS = {"created_at": _("Since"), "seen_at": _("Last seen"), "expires_at": _("Ends"), "ended_at": _("Ended")}


def export(session: Session, account: Account) -> tuple[Section, ...]:
    """Tells of the account itself, where it is signed in, and what its owner did that the audit log knows."""
    return (
        _account(account),
        _sessions(session, account),
        _passkeys(session, account),
        _requests(session, account),
        _address_changes(session, account),
        _roles(session, account),
        _acts(session, account),
    )


def foretell(_session: Session, account: Account) -> Fate:
    """Says that the account, its browsers and its links go."""
    return Fate(
        goes=(
            _("Your account: address, name, language, and every link that stands in a letter."),
            _("You are signed out everywhere, and letters that wait are not sent."),
        ),
        stays=(_("The audit log goes on saying what was done, by a number that leads to nobody any more."),),
    )


def erase(session: Session, account: Account, *, now: datetime) -> None:
    """Takes the person out of the account; an empty row stays, so that nothing that comes late makes it anew."""
    key = account.email_key
    wishes = (AddressChange.account_id == account.id) | (AddressChange.email_key == key)
    # Letters about a wish may name an earlier address.
    about = session.scalars(select(AddressChange.reference).where(wishes)).all()
    names = (account.email, key, account.reference, *about)
    session.execute(delete(SignInSession).where(SignInSession.account_id == account.id))
    session.execute(delete(Passkey).where(Passkey.account_id == account.id))
    session.execute(delete(SignInToken).where(SignInToken.email_key == key))
    session.execute(delete(AddressChange).where(wishes))
    session.execute(delete(StaffRole).where(StaffRole.account_id == account.id))
    drop_naming(session, names, now=now)
    account.reference = str(uuid4())
    account.email, account.email_key, account.name = NOBODY, f"erased {account.reference}", None
    account.link_version += 1
    account.erased_at = now


OWN_ACCOUNT = PersonalData(export, foretell, erase)


def _account(account: Account) -> Section:
    labels = {
        "email": _("Address"),
        "name": _("Name"),
        "language": _("Language"),
        "created_at": _("Since"),
        "verified_at": _("Address confirmed"),
        "reference": _("Reference"),
    }
    row: Mapping[str, Value] = {name: getattr(account, name) for name in labels}
    return Section("account", _("Account"), labels, (row,))


def _sessions(session: Session, account: Account) -> Section:
    theirs = select(SignInSession).where(SignInSession.account_id == account.id).order_by(SignInSession.id)
    labels = {"device": _("Browser"), **DAY_LABELS}
    return section("browsers", _("Browsers signed in"), labels, session.scalars(theirs))


def _passkeys(session: Session, account: Account) -> Section:
    theirs = select(Passkey).where(Passkey.account_id == account.id).order_by(Passkey.id)
    labels = {"name": _("Name"), "created_at": _("Since"), "used_at": _("Last used"), "credential_id": _("Number")}
    return section("passkeys", _("Passkeys"), labels, session.scalars(theirs))


def _requests(session: Session, account: Account) -> Section:
    asked = select(SignInToken).where(SignInToken.email_key == account.email_key).order_by(SignInToken.id)
    labels = {"email": _("Address"), "created_at": _("Asked"), "used_at": _("Used"), "next_path": _("Led to")}
    return section("sign_in_requests", _("Requests to sign in"), labels, session.scalars(asked))


def _address_changes(session: Session, account: Account) -> Section:
    theirs = select(AddressChange).where(AddressChange.account_id == account.id).order_by(AddressChange.id)
    labels = {
        "email": _("New address"),
        "created_at": _("Asked"),
        "old_confirmed_at": _("Confirmed at the old one"),
        "new_confirmed_at": _("Confirmed at the new one"),
        "moves_at": _("Moves by itself, the mailbox being lost"),
    }
    return section("address_changes", _("Changes of address"), labels, session.scalars(theirs))


def _roles(session: Session, account: Account) -> Section:
    theirs = select(StaffRole).where(StaffRole.account_id == account.id).order_by(StaffRole.id)
    labels = {"role": _("Role"), "granted_at": _("Since")}
    return section("roles", _("Roles among the staff"), labels, session.scalars(theirs))


def _acts(session: Session, account: Account) -> Section:
    theirs = select(AuditEntry).where(AuditEntry.actor_id == account.id).order_by(AuditEntry.id)
    labels = {"at": _("When"), "act": _("What"), "subject_kind": _("Kind"), "subject_id": _("Which")}
    return section("audit_entries", _("In the audit log"), labels, session.scalars(theirs))
