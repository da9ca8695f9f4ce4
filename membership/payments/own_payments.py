"""The part of payments in what stands here about a person. What the law keeps of it stays, and says nothing else."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.own_data import Fate, PersonalData, Section, section
from membership.outbox.rows import enqueue
from membership.payments.credit_notes import number_of_credit
from membership.payments.erased import blank_told, erase_at_stripe, erased_customer, forget_told
from membership.payments.models import Attempt, CreditNote, Dispute, Payer, Payment, Receipt, Refund
from membership.payments.receipts import number_of


def export(session: Session, account: Account) -> tuple[Section, ...]:
    """Tells under which names somebody has paid, what they tried, what came of it, and what went back."""
    return (
        _payers(session, account),
        _attempts(session, account),
        _payments(session, account),
        _refunds(session, account),
        _disputes(session, account),
    )


def foretell(session: Session, account: Account) -> Fate:
    """Says what of the payments goes here and at Stripe, and what the law keeps."""
    numbers = [number_of(receipt) for receipt in session.scalars(_receipts(account))]
    goes = (
        _("Address, name and card of your payments, here and as a customer at Stripe."),
        _("Pages for paying that are still open are closed."),
    )
    stays = (
        _("The books keep each payment, with date and amount, and Stripe’s own number of it."),
        _("Stripe, as the one who took the money, keeps its own records of charges as the law tells it to."),
    )
    if not numbers:
        return Fate(goes, stays)
    kept = _(
        "Of your receipts the law keeps number, date, amount and addressee for ten years: %(numbers)s.",
        numbers=", ".join(map(str, numbers)),
    )
    return Fate(goes, (kept, *stays))


def erase(session: Session, account: Account, *, now: datetime) -> None:
    """Empties payers and attempts of a person, and has their customers at Stripe deleted."""
    payers = session.scalars(select(Payer).where(_of(account)).order_by(Payer.id).with_for_update()).all()
    attempts = session.scalars(select(Attempt).where(_tried_by(account)).order_by(Attempt.id).with_for_update()).all()
    _keep_addressees(session, account)
    _forget_events(session, account, payers, attempts, now=now)
    for refund in session.scalars(select(Refund).where(Refund.payment_id.in_(_paid_by(account)))):
        refund.note = None
    for attempt in attempts:
        _empty_attempt(session, attempt, account, now=now)
    for payer in payers:
        _empty_payer(session, payer, account, now=now)
    session.flush()


OWN_PAYMENTS = PersonalData(export, foretell, erase)


def _of(account: Account) -> ColumnElement[bool]:
    return or_(Payer.account_id == account.id, (Payer.email_key == account.email_key) & Payer.account_id.is_(None))


def _paid_by(account: Account) -> Select[int]:
    return select(Payment.id).join(Payer, Payer.id == Payment.payer_id).where(_of(account))


def _tried_by(account: Account) -> ColumnElement[bool]:
    paid = select(Payment.attempt_id).join(Payer, Payer.id == Payment.payer_id).where(_of(account))
    unclaimed = (Attempt.email_key == account.email_key) & Attempt.account_id.is_(None)
    return or_(Attempt.account_id == account.id, unclaimed, Attempt.id.in_(paid))


def _receipts(account: Account) -> Select[Receipt]:
    return select(Receipt).where(Receipt.payment_id.in_(_paid_by(account))).order_by(Receipt.year, Receipt.number)


def _keep_addressees(session: Session, account: Account) -> None:
    # A receipt without a name was made out to the address: that is what the law keeps.
    rows = session.execute(
        select(Receipt, Payer.email)
        .join(Payment, Payment.id == Receipt.payment_id)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(_of(account), Receipt.addressee.is_(None))
    )
    for receipt, email in rows:
        receipt.addressee = email


def _forget_events(
    session: Session, account: Account, payers: Sequence[Payer], attempts: Sequence[Attempt], *, now: datetime
) -> None:
    intents = session.scalars(select(Payment.payment_intent).where(Payment.id.in_(_paid_by(account)))).all()
    customers = [payer.stripe_customer for payer in payers]
    forget_told(session, (each or "" for each in (*customers, *intents)), now=now)
    forget_told(session, (attempt.reference for attempt in attempts), now=now)
    blank_told(session, {account.email, account.email_key, *(payer.email or "" for payer in payers)})


def _empty_attempt(session: Session, attempt: Attempt, account: Account, *, now: datetime) -> None:
    if attempt.state == "open" and attempt.checkout_id is not None:
        enqueue(session, "expire_checkout", attempt.checkout_id, {"checkout": attempt.checkout_id}, now=now)
    # What comes of it late finds the erased account by this, and nobody else.
    attempt.account_id = account.id
    attempt.email = attempt.email_key = attempt.network_key = attempt.checkout_url = attempt.article_slug = None


def _empty_payer(session: Session, payer: Payer, account: Account, *, now: datetime) -> None:
    if payer.stripe_customer is not None:
        erase_at_stripe(session, payer.stripe_customer, now=now)
        payer.stripe_customer = erased_customer(payer.stripe_customer)
    payer.email = payer.email_key = payer.name = None
    payer.account_id, payer.erased_at = account.id, now


def _payers(session: Session, account: Account) -> Section:
    labels = {
        "email": _("Address"),
        "name": _("Name"),
        "stripe_customer": _("Customer at Stripe"),
        "created_at": _("Since"),
    }
    theirs = select(Payer).where(_of(account)).order_by(Payer.id)
    return section("payers", _("As whom you paid"), labels, session.scalars(theirs))


def _attempts(session: Session, account: Account) -> Section:
    labels = {
        "created_at": _("When"),
        "amount": _("Amount"),
        "cadence": _("How often"),
        "state": _("State"),
        "email": _("Address"),
        "article_slug": _("Came from the article"),
        "language": _("Language"),
        "reference": _("Reference"),
    }
    tried = select(Attempt).where(_tried_by(account)).order_by(Attempt.id)
    return section("attempts", _("Forms you sent"), labels, session.scalars(tried))


def _payments(session: Session, account: Account) -> Section:
    labels = {
        "created_at": _("When"),
        "paid_at": _("Paid"),
        "amount": _("Amount"),
        "state": _("State"),
        "failure": _("Declined because"),
        "receipt": _("Receipt"),
        "addressee": _("Made out to"),
        "source": _("By way of"),
        "payment_intent": _("Number at Stripe"),
        "reference": _("Reference"),
    }
    statement = (
        select(Payment, Receipt)
        .outerjoin(Receipt, Receipt.payment_id == Payment.id)
        .where(Payment.id.in_(_paid_by(account)))
        .order_by(Payment.id)
    )
    rows = []
    for payment, receipt in session.execute(statement):
        told = {name: getattr(payment, name) for name in labels if name not in ("receipt", "addressee")}
        of_receipt = (str(number_of(receipt)), receipt.addressee) if receipt else (None, None)
        rows.append(told | dict(zip(("receipt", "addressee"), of_receipt, strict=True)))
    return Section("payments", _("Payments"), labels, tuple(rows))


def _refunds(session: Session, account: Account) -> Section:
    labels = {
        "created_at": _("When"),
        "amount": _("Amount"),
        "state": _("State"),
        "reason": _("Why"),
        "note": _("Note of the staff"),
        "credit_note": _("Credit note"),
    }
    statement = (
        select(Refund, CreditNote)
        .outerjoin(CreditNote, CreditNote.refund_id == Refund.id)
        .where(Refund.payment_id.in_(_paid_by(account)))
        .order_by(Refund.id)
    )
    rows = [
        {name: getattr(refund, name) for name in labels if name != "credit_note"}
        | {"credit_note": str(number_of_credit(note)) if note else None}
        for refund, note in session.execute(statement)
    ]
    return Section("refunds", _("Given back"), labels, tuple(rows))


def _disputes(session: Session, account: Account) -> Section:
    labels = {"opened_at": _("When"), "amount": _("Amount"), "state": _("State"), "reason": _("Why")}
    theirs = select(Dispute).where(Dispute.payment_id.in_(_paid_by(account))).order_by(Dispute.id)
    return section("disputes", _("Asked back by your bank"), labels, session.scalars(theirs))
