"""The receipt as a letter: what came in, what comes next, how to change it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.mail.letters import Button, Facts, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.receipt_link import receipt_link
from membership.payments.models import Payer, Payment, Receipt
from membership.payments.receipts import number_of
from membership.web.current import current_clock
from membership.web.filters import day, moment, money


def receipt(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes the receipt of a payment; `None` if its payer has been erased meanwhile."""
    row = session.execute(
        select(Payment, Payer, Receipt)
        .join(Payer, Payer.id == Payment.payer_id)
        .join(Receipt, Receipt.payment_id == Payment.id)
        .where(Payment.reference == payload["payment"], Payer.email.is_not(None))
    ).first()
    if row is None:
        return None
    payment, payer, issued = row
    newsroom, number = current_newsroom(), number_of(issued)
    amount = money(payment.amount)
    return signed(
        payer.email or "",
        subject=str(
            _("Receipt %(number)s: %(amount)s to %(newsroom)s", number=number, amount=amount, newsroom=newsroom.name)
        ),
        blocks=(
            Line(str(_("Thank you: %(amount)s has arrived.", amount=amount))),
            Facts(_facts(payment, issued, number=str(number))),
            *_what_comes_next(session, payment, base_url=base_url),
            Button(
                str(_("Receipt to print")), base_url + _receipt_path(session, payment, payer, now=current_clock().now())
            ),
            *((Line(newsroom.legal_text),) if newsroom.legal_text else ()),
        ),
        key=f"receipt.{payload.get('copy', payment.reference)}",
    )


def _facts(payment: Payment, issued: Receipt, *, number: str) -> tuple[tuple[str, str], ...]:
    newsroom = current_newsroom()
    return (
        (str(_("Receipt")), number),
        (str(_("Received")), moment(payment.paid_at or issued.issued_at)),
        (str(_("Amount")), money(payment.amount)),
        (str(_("To")), newsroom.legal_name or newsroom.name),
        (str(_("On your bank statement")), newsroom.statement_descriptor),
    )


def _receipt_path(session: Session, payment: Payment, payer: Payer, *, now: datetime) -> str:
    # Whoever has an account signs in to see it; for everybody else the letter is the key.
    if payer.account_id is not None:
        return f"/account/receipts/{payment.reference}"
    return receipt_link(session, payment.reference, payer.email_key, now=now) or "/account"


def _what_comes_next(session: Session, payment: Payment, *, base_url: str) -> tuple[Line | Button, ...]:
    pledge = session.scalar(
        select(Pledge).join(PledgePayment).where(PledgePayment.payment_id == payment.id, Pledge.live)
    )
    if pledge is None:
        return ()
    if pledge.cancel_at is not None:
        return (Line(str(_("This was the last charge: you stopped, and nothing follows."))),)
    every = _("Every year until you stop it.") if pledge.cadence == "year" else _("Every month until you stop it.")
    following = _("Next: %(day)s, %(amount)s", day=day(pledge.period_end_at), amount=money(pledge.amount))
    card = _(", card ending %(digits)s.", digits=pledge.card_last4) if pledge.card_last4 else "."
    return (
        Line(f"{every} {following}{card}"),
        Button(str(_("Change or stop")), f"{base_url}/account"),
    )
