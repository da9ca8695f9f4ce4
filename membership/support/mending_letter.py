"""The letter to an address that is said to be the right one: the button behind its link moves the payment there."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.accounts.links import link_path
from membership.mail.letters import Button, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.payments.models import Attempt
from membership.support.mending import LETTER, attempt_of, wished_address
from membership.web.current import now
from membership.web.filters import money

MEND_ADDRESS = "mend-address"


def is_it_yours(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Asks the new address to confirm, the same for everybody; `None` if the wish is over."""
    email, attempt = wished_address(session, payload["wish"]), attempt_of(session, payload["wish"])
    if email is None or attempt is None:
        return None
    link = link_path(MEND_ADDRESS, payload["wish"], None, now=now())
    return signed(
        email,
        language=current_newsroom().language,
        subject=str(_("Is this your address? %(newsroom)s asks", newsroom=current_newsroom().name)),
        blocks=(
            Line(said_of(attempt)),
            Button(str(_("Yes, it is mine")), f"{base_url}{link}"),
            Line(str(_("Then the receipt comes here, and so does everything that follows. The link works for a day."))),
            Line(str(_("You gave nothing? Then do nothing, and we forget this address."))),
        ),
        key=f"{LETTER}.{payload['wish']}",
    )


def said_of(attempt: Attempt) -> str:
    """Says what was given, and that this is to be its address."""
    amount = money(attempt.amount)
    if attempt.cadence == "month":
        return str(
            _("Somebody who gives us %(amount)s a month mistyped their address, and says this is it.", amount=amount)
        )
    if attempt.cadence == "year":
        return str(
            _("Somebody who gives us %(amount)s a year mistyped their address, and says this is it.", amount=amount)
        )
    return str(_("Somebody who gave us %(amount)s mistyped their address, and says this is it.", amount=amount))
