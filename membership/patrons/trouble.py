"""What the account page says of a renewal that failed: the words of the letters, and the same way to mend it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership.accounts.links import link_path
from membership.accounts.models import Account
from membership.patrons.failing import MEND, has_new_card, open_failure
from membership.patrons.failing_words import happened, title_of, what_comes
from membership.patrons.models import Pledge


@dataclass(frozen=True)
class Trouble:
    """A renewal that failed. `told`: what happened and what comes next; `mend_href` leads to the page that mends it."""

    title: str
    told: tuple[str, ...]
    mend_href: str


def trouble_of(session: Session, pledge: Pledge, *, now: datetime) -> Trouble | None:
    """Says what is wrong with a pledge; `None`: nothing that its owner could mend."""
    failed = open_failure(session, pledge.id) if pledge.live and pledge.ended_at is None else None
    if failed is None:
        return None
    href = link_path(MEND, pledge.reference, session.get_one(Account, pledge.account_id), now=now)
    is_news = not has_new_card(session, failed)
    told = (*((happened(failed, pledge),) if is_news else ()), what_comes(failed))
    return Trouble(title_of(failed, pledge), told, href)
