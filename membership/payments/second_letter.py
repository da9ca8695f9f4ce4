"""The letter to a payer who paid one form twice: the later payment goes back by itself."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.mail.letters import Letter, Line
from membership.newsroom.signed_letter import signed
from membership.payments.models import Payer, Payment
from membership.web.filters import moment, money


def second_given_back(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Says that the later of two payments of one form goes back; `None` without an address."""
    statement = select(Payment, Payer).join(Payer, Payer.id == Payment.payer_id)
    row = session.execute(statement.where(Payment.reference == payload["payment"], Payer.email.is_not(None))).first()
    if row is None:
        return None
    amount = money(row.Payment.amount)
    paid_at = moment(row.Payment.paid_at or row.Payment.created_at)
    return signed(
        row.Payer.email or "",
        subject=str(_("You paid twice: %(amount)s goes back to you", amount=amount)),
        blocks=(
            Line(str(_("One form was paid twice. You meant it once, so we keep the first payment."))),
            Line(
                str(
                    _(
                        "The second, %(amount)s of %(time)s, goes back the same way it came. If it began a monthly or "
                        "yearly pledge, that has ended. There is nothing to do.",
                        amount=amount,
                        time=paid_at,
                    )
                )
            ),
            Line(str(_("You did mean both? Then give once more, any time."))),
        ),
        key=f"second_given_back.{row.Payment.reference}",
    )
