"""The letter about a new device, and its link, which signs out everywhere without signing in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts import sessions
from membership.accounts.devices import spoken
from membership.accounts.links import Opened, Purpose, link_path
from membership.accounts.models import Account
from membership.db import transaction
from membership.errors import NotFound
from membership.mail.letters import Button, Facts, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import enqueue
from membership.web.current import now as moment_now
from membership.web.filters import moment
from membership.web.signing import hashed

EVERYWHERE = "sign-out"
LIFE = timedelta(days=30)


def tell_of_new_device(session: Session, account: Account, secret: str, name: str, *, now: datetime) -> None:
    """Writes to an account that it was signed in with `secret` in a browser of this plain name."""
    payload = {"account": account.reference, "device": name, "at": now.isoformat()}
    enqueue(session, "new_device", hashed(f"new device {hashed(secret)}")[:32], payload, now=now)


def new_device(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Tells where and when somebody signed in; `None` if the account is gone."""
    account = session.scalar(select(Account).where(Account.reference == payload["account"]))
    if account is None or account.erased_at is not None:
        return None
    newsroom, at = current_newsroom(), datetime.fromisoformat(payload["at"])
    link = link_path(EVERYWHERE, account.reference, account, now=moment_now())
    return signed(
        account.email,
        subject=str(_("A new device is signed in to your account at %(newsroom)s", newsroom=newsroom.name)),
        blocks=(
            Line(str(_("Somebody signed in to your account in a browser that we had not seen there before:"))),
            Facts(((str(_("Device")), spoken(payload["device"])), (str(_("When")), moment(at)))),
            Line(str(_("Was it you? Then there is nothing to do."))),
            Line(str(_("If not, somebody reads your mail: sign out everywhere, then change your mailbox's password."))),
            Button(str(_("Sign out everywhere")), f"{base_url}{link}"),
        ),
        key=f"new_device.{account.reference}.{at:%Y%m%d%H%M%S%f}",
        language=newsroom.language,
    )


def show(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders the button, or that nobody is signed in any more."""
    signed_in = sessions.count_alive(session, _owner(opened), now=now)
    return render_template("accounts/sign_out_everywhere.html", action=action, signed_in=signed_in)


def act(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> None:
    """Signs the account out in every browser."""
    owner = _owner(opened)
    with transaction(session):
        sessions.end_all(session, owner, now=now)


def _owner(opened: Opened) -> Account:
    if opened.account is None or opened.account.reference != opened.reference:
        raise NotFound("There is no such link. Perhaps it was cut in the mail: copy it whole.")
    return opened.account


SIGN_OUT_LINK = Purpose(life=LIFE, show=show, act=act)
