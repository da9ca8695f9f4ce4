"""Behind the link *withdraw* of a letter: one payment goes back, without signing in."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.links import Opened, Purpose
from membership.db import transaction
from membership.errors import NotFound
from membership.patrons.withdrawing import REASON, pledge_begun_by, why_not, withdraw
from membership.payments.mirror import current_mirror
from membership.payments.models import Payer, Payment, Refund
from membership.web.errors import said

WITHDRAW = "withdraw"
LIFE = timedelta(days=1)


def show(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders the payment with its button; or that it was withdrawn, or why it may not be."""
    payment = _payment(session, opened)
    refund = _withdrawal(session, payment)
    refusal = None if refund else why_not(session, payment, now=now)
    return render_template(
        "patrons/withdraw.html",
        payment=payment,
        action=action,
        ends_pledge=pledge_begun_by(session, payment) is not None,
        withdrawn_at=refund.created_at if refund else None,
        refusal=said(refusal) if refusal else None,
    )


def act(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> None:
    """Withdraws the payment, and leads back to the link's page. Withdrawing twice is withdrawing once."""
    with transaction(session):
        payment = _payment(session, opened)
        if _withdrawal(session, payment) is None:
            withdraw(session, payment, now=now)
            # At once: until Stripe has heard of it, a round may close.
            for hook in current_mirror().money_went_back:
                hook(session, payment.id, "withdrawn", now=now)


def _payment(session: Session, opened: Opened) -> Payment:
    row = session.execute(
        select(Payment, Payer)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(Payment.reference == opened.reference, Payer.erased_at.is_(None))
    ).first()
    # Whose link it was; a payer known by the address alone may have been claimed since by whoever reads there.
    if row is None or (opened.account is not None and row.Payer.account_id != opened.account.id):
        raise NotFound("There is no such payment here.")
    payment: Payment = row.Payment
    return payment


def _withdrawal(session: Session, payment: Payment) -> Refund | None:
    asked = (Refund.payment_id == payment.id, Refund.asked_by_kind == "patron", Refund.reason == REASON)
    return session.scalars(select(Refund).where(*asked, Refund.state != "failed").limit(1)).first()


LINK = Purpose(life=LIFE, show=show, act=act)
