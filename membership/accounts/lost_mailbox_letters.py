"""The letters of a lost mailbox: to the old address with a way to refuse, to the new one, and to whoever asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.accounts.address_changes import find_change
from membership.accounts.addresses import masked
from membership.accounts.links import Opened, Purpose, link_path
from membership.accounts.lost_mailboxes import refuse_move
from membership.accounts.models import Account, AddressChange
from membership.db import transaction
from membership.errors import NotFound
from membership.mail.letters import Button, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.web.current import now as moment_now
from membership.web.filters import moment

REFUSE = "mailbox-refusal"
# As long as a wish is kept: a move that comes late may be refused until it comes. Once it is done, the link is dead.
LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Move:
    """A move with its account, and when it happens."""

    change: AddressChange
    account: Account
    at: datetime


def mailbox_lost(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Tells one of both addresses what happens when; `None` if it is over."""
    move = _waiting(session, payload["change"])
    if move is None:
        return None
    return _to_the_old(move, base_url) if payload["side"] == "old" else _to_the_new(move)


def mailbox_stays(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Tells whoever asked that the account stays where it is, and why; `None` if either has been erased."""
    change = find_change(session, payload["change"])
    asker = session.get(Account, change.asked_by_id) if change is not None else None
    account = session.get(Account, change.account_id) if change is not None else None
    if asker is None or account is None or account.erased_at is not None or asker.erased_at is not None:
        return None
    why = {
        "refused": _("Its owner refused. Somebody may have tried to take the account: ask before you try again."),
        "other": _("Its owner signed in and asked for another address, or took the wish back."),
        "taken": _("The new address has an account of its own by now."),
        "staff": _("The account has come to be one of the staff."),
    }[payload["why"]]
    return signed(
        asker.email,
        language=current_newsroom().language,
        subject=str(_("An account was not moved to another address")),
        blocks=(
            Line(str(_("The account of %(email)s keeps its address.", email=masked(account.email)))),
            Line(str(why)),
            Button(str(_("Lost mailboxes")), f"{base_url}/staff/mailboxes"),
        ),
        key=f"mailbox_stays.{payload['change']}",
    )


def _to_the_old(move: Move, base_url: str) -> Letter:
    link = link_path(REFUSE, move.change.reference, move.account, now=moment_now())
    name = current_newsroom().name
    return signed(
        move.account.email,
        language=current_newsroom().language,
        subject=str(_("Do you still read this mailbox? Your account at %(newsroom)s is to move", newsroom=name)),
        blocks=(
            Line(
                str(
                    _(
                        "Somebody told us that this mailbox is lost, and knew about payments of yours what only you "
                        "should know. So on %(time)s your account moves to %(email)s.",
                        time=moment(move.at),
                        email=masked(move.change.email),
                    )
                )
            ),
            Line(str(_("Was it you? Then there is nothing to do."))),
            Line(str(_("Was it not you, or do you still read this mailbox? Then keep your address:"))),
            Button(str(_("Keep my address")), f"{base_url}{link}"),
        ),
        key=f"mailbox_lost.old.{move.change.reference}",
    )


def _to_the_new(move: Move) -> Letter:
    name = current_newsroom().name
    return signed(
        move.change.email,
        language=current_newsroom().language,
        subject=str(_("Your account at %(newsroom)s moves to this address", newsroom=name)),
        blocks=(
            Line(
                str(
                    _(
                        "You told us that you cannot read your old mailbox any more. On %(time)s your account moves "
                        "here, unless the old one refuses. Then you can sign in with this address.",
                        time=moment(move.at),
                    )
                )
            ),
            Line(str(_("It was not you? Answer this letter: a person reads it, and calls the move off."))),
        ),
        key=f"mailbox_lost.new.{move.change.reference}",
    )


def _waiting(session: Session, reference: str) -> Move | None:
    change = find_change(session, reference)
    if change is None or change.closed_at is not None or change.moves_at is None:
        return None
    account = session.get(Account, change.account_id)
    return None if account is None or account.erased_at is not None else Move(change, account, change.moves_at)


def show(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders the button, or that the address stays."""
    change = find_change(session, opened.reference)
    if change is None:
        raise NotFound("There is no such link. Perhaps it was cut in the mail: copy it whole.")
    return render_template(
        "accounts/mailbox_link.html",
        action=action,
        email=masked(change.email),
        at=change.moves_at,
        over=change.closed_at is not None,
    )


def act(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> None:
    """Keeps the old address."""
    with transaction(session):
        refuse_move(session, opened.reference, now=now)


REFUSAL_LINK = Purpose(life=LIFE, show=show, act=act)
