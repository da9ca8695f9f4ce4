"""The letter to a payer whose money is on its way back."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.mail.letters import Facts, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.payments.credit_notes import number_of_credit
from membership.payments.models import CreditNote, Payer, Payment, Receipt, Refund
from membership.payments.money_back import COUNTS
from membership.payments.receipts import number_of
from membership.web.filters import day, moment, money


def refund_on_its_way(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes of a refund with its credit note; `None` without an address, or if it has failed meanwhile."""
    row = session.execute(
        select(Refund, CreditNote, Payment, Payer, Receipt)
        .join(CreditNote, CreditNote.refund_id == Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Payer, Payer.id == Payment.payer_id)
        .outerjoin(Receipt, Receipt.payment_id == Payment.id)
        .where(Refund.reference == payload["refund"], Refund.state.in_(COUNTS), Payer.email.is_not(None))
    ).first()
    if row is None:
        return None
    newsroom, amount = current_newsroom(), money(row.Refund.amount)
    return signed(
        row.Payer.email or "",
        subject=str(_("%(amount)s from %(newsroom)s is on its way back", amount=amount, newsroom=newsroom.name)),
        blocks=(
            Line(str(_("We have sent %(amount)s back, the same way it came.", amount=amount))),
            Line(
                str(
                    _(
                        "Banks take 5 to 10 working days. It may also be that the first charge simply disappears from "
                        "your statement. Nothing else to do."
                    )
                )
            ),
            Facts(_facts(row.Refund, row.CreditNote, row.Payment, row.Receipt)),
            *((Line(newsroom.legal_text),) if newsroom.legal_text else ()),
        ),
        key=f"credit_note.{row.Refund.reference}",
    )


def _facts(refund: Refund, note: CreditNote, payment: Payment, receipt: Receipt | None) -> tuple[tuple[str, str], ...]:
    newsroom = current_newsroom()
    return (
        (str(_("Credit note")), str(number_of_credit(note))),
        (str(_("Sent back")), money(refund.amount)),
        (str(_("Of")), _of(payment, receipt)),
        (str(_("On")), day(refund.created_at)),
        (str(_("From")), newsroom.legal_name or newsroom.name),
        (str(_("On your bank statement")), newsroom.statement_descriptor),
    )


def _of(payment: Payment, receipt: Receipt | None) -> str:
    paid = _(
        "%(amount)s, %(moment)s", amount=money(payment.amount), moment=moment(payment.paid_at or payment.created_at)
    )
    return f"{paid} ({_('receipt %(number)s', number=number_of(receipt))})" if receipt else str(paid)
