"""The letter that helps: what stands under an address, and links that act, for whoever reads its mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from membership.accounts.addresses import email_key
from membership.accounts.links import link_path
from membership.accounts.models import Account
from membership.accounts.people import find_account
from membership.mail.letters import Block, Button, Facts, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.patrons.failing import STOP as STOP_LINK
from membership.patrons.models import Pledge
from membership.patrons.pledges import live_pledge
from membership.patrons.withdraw_pages import WITHDRAW as WITHDRAW_LINK
from membership.patrons.withdrawing import why_not
from membership.payments.models import Payer, Payment
from membership.payments.states import PAID
from membership.support.help import ADDRESS, STOP, UNKNOWN, WITHDRAW
from membership.web.current import now
from membership.web.filters import day, moment, money

MOST_PAYMENTS = 6


def help_letter(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter:
    """Writes to the address that was typed what stands under it, even if that is nothing."""
    email, topic = str(payload["email"]), str(payload["topic"])
    account = find_account(session, email)
    account = None if account is None or account.erased_at is not None else account
    payments = _payments(session, email, account)
    pledge = live_pledge(session, account.id) if account else None
    newsroom = current_newsroom()
    return signed(
        account.email if account else email,
        subject=str(_("Your question to %(newsroom)s: payments under this address", newsroom=newsroom.name)),
        blocks=(
            Line(str(_("Somebody asked us for help with this address, on %(time)s.", time=moment(now())))),
            *(_found(payments) if payments or pledge else _nothing()),
            *(_pledge(pledge, account, base_url) if pledge and account else ()),
            *_back(session, payments, account, base_url=base_url, topic=topic),
            *_more(topic, has_pledge=pledge is not None),
            Line(str(_("You did not ask? Then do nothing: without this letter nobody learns or changes anything."))),
        ),
        key=f"help.{now():%Y%m%dT%H%M%S%f}.{email_key(email)}",
        language=account.language if account else newsroom.language,
    )


def _payments(session: Session, email: str, account: Account | None) -> Sequence[Payment]:
    # Of an address alone, what nobody's account has claimed; else what is the account's.
    by_address = (Payer.email_key == email_key(email)) & Payer.account_id.is_(None)
    theirs = or_(by_address, Payer.account_id == account.id) if account else by_address
    statement = (
        select(Payment)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(theirs, Payer.erased_at.is_(None), Payment.state.in_((*PAID, "pending")))
        .order_by(Payment.created_at.desc(), Payment.id.desc())
        .limit(MOST_PAYMENTS)
    )
    return session.scalars(statement).all()


def _found(payments: Sequence[Payment]) -> tuple[Block, ...]:
    rows = tuple((day(each.paid_at or each.created_at), f"{money(each.amount)}, {_state(each)}") for each in payments)
    shown = current_newsroom().statement_descriptor
    return (
        Line(str(_("This stands under it, the newest first:"))),
        Facts((*rows, (str(_("On your bank statement")), shown))),
    )


def _state(payment: Payment) -> str:
    if payment.state == "pending":
        return str(_("on its way"))
    if payment.state in ("refunded", "partly_refunded"):
        return str(_("given back, wholly or in part"))
    return str(_("asked back by your bank")) if payment.state in ("disputed", "lost") else str(_("received"))


def _nothing() -> tuple[Block, ...]:
    shown = current_newsroom().statement_descriptor
    return (
        Line(str(_("Nothing stands under it. Perhaps you gave with another address: then ask with that one."))),
        Line(
            str(
                _(
                    "Our charges are called %(name)s on a bank statement. If you see one and do not know it, answer "
                    "with its day and amount, never with the number of a card. We look, and give back what is wrong.",
                    name=shown,
                )
            )
        ),
    )


def _pledge(pledge: Pledge, account: Account, base_url: str) -> tuple[Block, ...]:
    often = _("every year") if pledge.cadence == "year" else _("every month")
    if pledge.cancel_at is not None:
        ends = _("Your pledge is stopped: it ends on %(day)s, and nothing more is charged.", day=day(pledge.cancel_at))
        return (Line(str(ends)),)
    gives = _("You give %(amount)s %(often)s.", amount=money(pledge.amount), often=often)
    stop = base_url + link_path(STOP_LINK, pledge.reference, account, now=now())
    return Line(f"{gives} {_('This link stops it, without signing in:')}"), Button(str(_("Stop my pledge")), stop)


def _back(
    session: Session, payments: Sequence[Payment], account: Account | None, *, base_url: str, topic: str
) -> tuple[Block, ...]:
    if topic not in (WITHDRAW, UNKNOWN):
        return ()
    open_to_it = [each for each in payments if why_not(session, each, now=now()) is None]
    if not open_to_it:
        return (Line(str(_("Nothing here can be taken back by a link. Answer this letter: we will find a way."))),)
    blocks: list[Block] = [
        Line(str(_("What you paid in the last 14 days you can take back, once a year. The link works for a day.")))
    ]
    for each in open_to_it:
        label = _(
            "Take %(amount)s of %(day)s back", amount=money(each.amount), day=day(each.paid_at or each.created_at)
        )
        owner = account if account and _is_of(session, each, account) else None
        blocks.append(Button(str(label), base_url + link_path(WITHDRAW_LINK, each.reference, owner, now=now())))
    return tuple(blocks)


def _is_of(session: Session, payment: Payment, account: Account) -> bool:
    return session.get_one(Payer, payment.payer_id).account_id == account.id


def _more(topic: str, *, has_pledge: bool) -> tuple[Block, ...]:
    if topic == STOP and not has_pledge:
        return (Line(str(_("No pledge stands under this address, so there is nothing to stop here."))),)
    if topic == ADDRESS:
        return (
            Line(
                str(
                    _(
                        "Should letters go elsewhere? Change the address in your account: both addresses must agree. "
                        "If you cannot sign in, answer with day and amount of your last payment."
                    )
                )
            ),
        )
    return ()
