"""Letters about a renewal that failed: why, what comes next, a link that mends it, and one that stops the pledge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.links import link_path
from membership.accounts.models import Account
from membership.mail.letters import Button, Letter, Line
from membership.mail.posting import PostWithRows, posting
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import Task
from membership.patrons.failing import LETTER_DAYS, MEND, STOP, has_new_card, is_overtaken, is_silent
from membership.patrons.failing_words import button_of, happened, title_of, what_comes
from membership.patrons.models import FailedRenewal, Pledge
from membership.patrons.stopping import FAILING
from membership.patrons.syncing import sync_invoice
from membership.payments.mirror import Cause, Mirror
from membership.web.current import now
from membership.web.filters import day, money

LOOKING = Cause("rule")


class Posting(PostWithRows, Protocol):
    """What it takes to look at Stripe before a letter is written."""

    @property
    def mirror(self) -> Mirror: ...


@dataclass(frozen=True)
class _Case:
    failed: FailedRenewal
    pledge: Pledge
    account: Account


def send_failed_renewal(seams: Posting, task: Task) -> None:
    """Looks how the invoice stands by now, and writes to its owner if it still fails."""
    with seams.database.session() as session:
        case = _case(session, task.payload["invoice"])
    if case is None or case.failed.over_at is not None:
        return
    sync_invoice(seams.mirror, case.failed.invoice, LOOKING)
    posting(failed_renewal_letter)(seams, task)


def failed_renewal_letter(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes that a renewal failed; `None` if it is over, if its owner has acted, or if it is no doing of theirs."""
    case = _case(session, payload["invoice"])
    if case is None or is_silent(case.failed) or not _still_fails(case.pledge):
        return None
    if has_new_card(session, case.failed) or is_overtaken(case.failed, payload["day"], now=now()):
        return None
    failed, pledge, account = case.failed, case.pledge, case.account
    title = title_of(failed, pledge)
    is_last = payload["day"] == LETTER_DAYS[-1]
    return signed(
        account.email,
        language=account.language,
        subject=str(_("%(title)s; your vote is safe until %(day)s", title=title, day=day(failed.ends_at))),
        blocks=(
            *((Line(str(_("This is the last letter before your pledge ends."))),) if is_last else ()),
            Line(happened(failed, pledge)),
            Line(what_comes(failed)),
            Button(button_of(failed), base_url + link_path(MEND, pledge.reference, account, now=now())),
            Line(
                str(_("If you would rather stop, that is fine: one button, no sign-in, and nothing more is charged."))
            ),
            Button(str(_("Stop here")), base_url + link_path(STOP, pledge.reference, account, now=now())),
            Line(str(_("If you do nothing, we end it on %(day)s and write once more.", day=day(failed.ends_at)))),
        ),
        key=f"failed_renewal.{failed.invoice}.{payload['day']}",
    )


def pledge_ended_letter(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes that the grace is over and the pledge has ended; `None` if there is nobody to write to."""
    case = _case(session, payload["invoice"])
    if case is None:
        return None
    pledge = case.pledge
    return signed(
        case.account.email,
        language=case.account.language,
        subject=str(_("Your pledge to %(newsroom)s has ended; nothing is owed", newsroom=current_newsroom().name)),
        blocks=(
            Line(
                str(
                    _(
                        "Your bank did not let %(amount)s through within 14 days, so we have ended your pledge.",
                        amount=money(pledge.amount),
                    )
                )
            ),
            Line(str(_("The open amount is cancelled. Your bank is not asked again, and you owe us nothing."))),
            Line(str(_("Thank you for the time you carried us. If you want to come back, it takes a minute:"))),
            Button(str(_("Become a patron again")), f"{base_url}/support"),
        ),
        key=f"pledge_ended.{case.failed.invoice}",
    )


def _still_fails(pledge: Pledge) -> bool:
    return pledge.live and pledge.ended_at is None and pledge.stripe_status in FAILING


def _case(session: Session, invoice_id: str) -> _Case | None:
    row = session.execute(
        select(FailedRenewal, Pledge, Account)
        .join(Pledge, Pledge.id == FailedRenewal.pledge_id)
        .join(Account, Account.id == Pledge.account_id)
        .where(FailedRenewal.invoice == invoice_id, Account.erased_at.is_(None))
    ).first()
    return None if row is None else _Case(*row)
