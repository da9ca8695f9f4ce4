"""The letter that a passkey was added: whoever did not do it signs out everywhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.mail.letters import Button, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.web.filters import moment


def passkey_added(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Tells an account that a passkey signs in to it from now on; `None` if the account is gone."""
    account = session.scalar(select(Account).where(Account.reference == payload["account"]))
    if account is None or account.erased_at is not None:
        return None
    newsroom, at = current_newsroom(), datetime.fromisoformat(payload["at"])
    return signed(
        account.email,
        subject=str(_("A passkey was added to your account at %(newsroom)s", newsroom=newsroom.name)),
        blocks=(
            Line(str(_("Since %(time)s a passkey signs in to your account, without a mail.", time=moment(at)))),
            Line(str(_("Was it you? Then there is nothing to do. If not, remove it and sign out everywhere:"))),
            Button(str(_("My passkeys")), f"{base_url}/account/passkeys"),
        ),
        key=f"passkey_added.{account.reference}.{at:%Y%m%d%H%M%S%f}",
        language=newsroom.language,
    )
