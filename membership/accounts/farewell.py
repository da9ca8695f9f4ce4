"""The last letter, to whoever has erased their account. Its address waits in the outbox, and stands nowhere else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.mail.letters import Button, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import LONGEST_WAIT, enqueue
from membership.web.current import now as moment_now

# A mail server that is away must not make us keep what somebody had erased: two days at most, and from one try to the
# next it may take a while.
TRIED_FOR = timedelta(days=2) - LONGEST_WAIT


def say_farewell(session: Session, email: str, *, now: datetime) -> None:
    """Has the letter sent, in the transaction of the erasure and after it; nothing in the row leads to the account."""
    key = str(uuid4())
    payload = {"email": email, "key": key, "until": (now + TRIED_FOR).isoformat()}
    enqueue(session, "farewell", key, payload, now=now)


def farewell(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Says that everything is erased; `None` if it could not be sent for two days: then its address is forgotten."""
    if moment_now() > datetime.fromisoformat(payload["until"]):
        return None
    newsroom = current_newsroom()
    return signed(
        payload["email"],
        language=newsroom.language,
        subject=str(_("Your account at %(newsroom)s is erased", newsroom=newsroom.name)),
        blocks=(
            Line(str(_("You asked for it, and it is done. If you had a pledge, it has ended: nothing is charged."))),
            Line(
                str(
                    _(
                        "Your address is not kept: with this letter we forget it. What the law keeps of a payment is "
                        "the number of its receipt, its day and amount, and to whom it was made out."
                    )
                )
            ),
            Line(str(_("This is our last letter. Every article stays open to you. Thank you for having been here."))),
            Button(str(_("What we keep, and for how long")), f"{base_url}/privacy"),
        ),
        key=f"farewell.{payload['key']}",
    )
