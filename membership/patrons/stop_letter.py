"""The proof that a pledge was stopped, to its owner's own address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.mail.letters import Button, Facts, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.patrons.models import Pledge
from membership.patrons.pledges import pledge_by_reference
from membership.web.filters import day, moment, money


def stopped(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes the proof; `None` if the pledge goes on after all, or its owner was erased."""
    pledge = pledge_by_reference(session, payload["pledge"])
    ends_at = (pledge.ended_at or pledge.cancel_at) if pledge else None
    if pledge is None or ends_at is None:
        return None
    account = session.get_one(Account, pledge.account_id)
    if account.erased_at is not None:
        return None
    stopped_at = datetime.fromisoformat(payload["stopped_at"])
    often = _("every month") if pledge.cadence == "month" else _("every year")
    return signed(
        account.email,
        subject=str(_("Stopped: your %(money)s %(often)s", money=money(pledge.amount), often=often)),
        blocks=(
            Facts(
                (
                    (str(_("Stopped on")), moment(stopped_at)),
                    (str(_("Pledge")), str(_("%(money)s %(often)s", money=money(pledge.amount), often=often))),
                    (str(_("Reference")), pledge.reference),
                )
            ),
            *_what_comes(pledge, ends_at, base_url=base_url),
            Line(str(_("Thank you for the time you carried us."))),
        ),
        key=f"stopped.{pledge.reference}.{payload['stopped_at']}",
    )


def _what_comes(pledge: Pledge, ends_at: datetime, *, base_url: str) -> tuple[Line | Button, ...]:
    if pledge.ended_at is not None:
        return (Line(str(_("It ended at once. Your bank is not asked again, and nothing is charged."))),)
    until = _("What you paid for lasts until %(day)s. Nothing is charged any more.", day=day(ends_at))
    undo = _("If you did not mean it, you can take it back until then in your account.")
    return Line(str(until)), Line(str(undo)), Button(str(_("My account")), f"{base_url}/account")
