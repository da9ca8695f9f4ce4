"""The letter that greets a new patron."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.mail.letters import Button, Letter, Line, Points
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.patrons.models import Pledge
from membership.patrons.tiers import TierView, current_tiers, tier_reached


def welcome(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes the letter for a pledge that was just paid first; `None` if it is over or a second one of somebody."""
    row = session.execute(
        select(Pledge, Account)
        .join(Account, Account.id == Pledge.account_id)
        .where(Pledge.subscription == payload["subscription"], Pledge.live)
    ).first()
    if row is None or row.Account.erased_at is not None:
        return None
    newsroom = current_newsroom()
    tier = tier_reached(current_tiers(), row.Pledge.cadence, row.Pledge.amount)
    return signed(
        row.Account.email,
        subject=str(_("Welcome: you are a patron of %(newsroom)s now", newsroom=newsroom.name)),
        blocks=(
            Line(str(_("Thank you. Because of you and others like you, every article stays open to everyone."))),
            *(_benefits(tier) if tier else ()),
            Line(str(_("You vote on what we cover next, and you may propose topics. An editor answers each."))),
            Button(str(_("See the topics")), f"{base_url}/topics"),
            Line(
                str(
                    _(
                        "There is no password. To see your pledge, your receipts or to stop, open your account "
                        "and write this address; we send you a link and a code."
                    )
                )
            ),
            Button(str(_("My account")), f"{base_url}/account"),
        ),
        key=f"welcome.{row.Pledge.reference}",
    )


def _benefits(tier: TierView) -> tuple[Line, Points]:
    return Line(str(_("As a patron (%(tier)s) you have:", tier=tier.name))), Points(tier.benefits)
