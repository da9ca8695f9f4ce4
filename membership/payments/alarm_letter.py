"""The letter to operators about an alarm: what is wrong, since when, and where to look."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.accounts.roles import staff_with
from membership.mail.letters import Facts, Letter, Line
from membership.newsroom.words import current_newsroom
from membership.web.filters import moment


def alarm_letter(session: Session, payload: Mapping[str, Any], *, base_url: str) -> tuple[Letter, ...]:
    """Writes to every operator: those among the staff who are admins. Without one, nobody is written to."""
    cause, says, since = payload["cause"], payload["says"], payload["since"]
    return tuple(
        Letter(
            to=person.email,
            subject=str(_("%(newsroom)s: something needs an operator", newsroom=current_newsroom().name)),
            blocks=(
                Line(says),
                Facts(
                    (
                        (str(_("Alarm")), cause),
                        (str(_("Since")), moment(datetime.fromisoformat(since))),
                        (str(_("Where")), base_url),
                    )
                ),
                Line(str(_("You hear of this once, and again only if it changes. What stands now, /readyz tells."))),
            ),
            key=f"alarm.{cause}.{since}.{says}.{person.reference}",
        )
        for person in staff_with(session, "admin")
    )
