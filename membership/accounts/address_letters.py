"""The letters of a change of address: to the old one, to the new one, and that it is done."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.accounts.address_changes import find_change, is_done
from membership.accounts.addresses import masked
from membership.accounts.links import link_path
from membership.accounts.models import Account, AddressChange
from membership.accounts.people import find_account
from membership.mail.letters import Button, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.web.current import now

OLD, NEW = "address-old", "address-new"


def to_the_old(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Asks the old address whether the change is meant; `None` if the wish is over."""
    change = find_change(session, payload["change"])
    account = _waiting_owner(session, change)
    if change is None or account is None:
        return None
    link = link_path(OLD, change.reference, account, now=now())
    return signed(
        account.email,
        language=current_newsroom().language,
        subject=str(_("Do you want another address at %(newsroom)s?", newsroom=current_newsroom().name)),
        blocks=(
            Line(
                str(
                    _("In your account somebody asked to change your address to %(email)s.", email=masked(change.email))
                )
            ),
            Line(str(_("It changes once it is confirmed here and by the letter to the new address, within a day."))),
            Button(str(_("Yes, change it")), f"{base_url}{link}"),
            Line(
                str(_("It was not you? Then do nothing: your address stays. And sign out everywhere in your account."))
            ),
        ),
        key=f"address_old.{change.reference}",
    )


def to_the_new(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Asks the new address to confirm, or tells its owner why it cannot be taken; `None` if the wish is over."""
    change = find_change(session, payload["change"])
    account = _waiting_owner(session, change)
    if change is None or account is None:
        return None
    if find_account(session, change.email) is not None:
        return _taken(change, base_url)
    link = link_path(NEW, change.reference, account, now=now())
    return signed(
        change.email,
        language=current_newsroom().language,
        subject=str(_("Is this your address? %(newsroom)s asks", newsroom=current_newsroom().name)),
        blocks=(
            Line(str(_("Somebody wants to be known to us by this address from now on, in place of an earlier one."))),
            Button(str(_("Yes, it is mine")), f"{base_url}{link}"),
            Line(str(_("It changes once the earlier address has confirmed too, within a day."))),
            Line(str(_("You did not ask for it? Then do nothing, and we forget it."))),
        ),
        key=f"address_new.{change.reference}",
    )


def moved(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Tells one of both addresses that it is done; `None` if the account has been erased meanwhile."""
    change = find_change(session, payload["change"])
    if change is None:
        return None
    says = _("Your address with us is now %(email)s. We write there from now on.", email=masked(change.email))
    return signed(
        payload["email"],
        language=current_newsroom().language,
        subject=str(_("Your address at %(newsroom)s has changed", newsroom=current_newsroom().name)),
        blocks=(Line(str(says)), Line(str(_("Your pledge, your receipts and your votes came along.")))),
        key=f"address_moved.{payload['side']}.{change.reference}",
    )


def _taken(change: AddressChange, base_url: str) -> Letter:
    return signed(
        change.email,
        language=current_newsroom().language,
        subject=str(_("This address has an account at %(newsroom)s already", newsroom=current_newsroom().name)),
        blocks=(
            Line(
                str(_("In another account somebody asked to be known by this address. It has one of its own already."))
            ),
            Line(str(_("So nothing changes. Was it you? Answer this letter, and we make one account of the two."))),
            Button(str(_("Sign in")), f"{base_url}/sign-in"),
        ),
        key=f"address_new.{change.reference}",
    )


def _waiting_owner(session: Session, change: AddressChange | None) -> Account | None:
    if change is None:
        # Its owner has erased the account meanwhile.
        return None
    account = session.get(Account, change.account_id)
    over = change.closed_at is not None or is_done(change)
    return None if over or account is None or account.erased_at is not None else account
