"""What must always be true of receipts and credit notes, of the ledger, of payouts and of the inbox."""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, select, union
from sqlalchemy.orm import aliased

from membership.payments.invariants import SETTLED, Invariant
from membership.payments.models import (
    CreditNote,
    CreditNoteCounter,
    Movement,
    Payment,
    PaymentSource,
    PaymentState,
    Payout,
    PayoutLine,
    Receipt,
    ReceiptCounter,
    Refund,
    StripeEvent,
)
from membership.payments.money_back import COUNTS
from membership.payments.states import PAID

# What brings a payer's money, what takes some away, and what brings that back, in Stripe's words:
# https://docs.stripe.com/reports/balance-transaction-types
INCOMING = ("charge", "payment")
OUTGOING = ("refund", "payment_refund", "payout")
RETURNING = ("refund_failure", "payment_failure_refund", "payout_failure")

Paper = type[Receipt] | type[CreditNote]
Counter = type[ReceiptCounter] | type[CreditNoteCounter]

_payments, _movements = Payment.__table__.c, Movement.__table__.c
_is_paid = Payment.state.in_(PAID) & (Payment.source == "stripe")
_is_gross = (Movement.source == "stripe") & (Movement.part == "gross")


def _gaps(paper: Paper) -> Select[Any]:
    # The numbers of a year are unique: without gaps, the last one is how many there are.
    whole = and_(func.min(paper.number) == 1, func.max(paper.number) == func.count())
    return select(cast(paper.year, String)).group_by(paper.year).having(~whole)


def _counters_astray(counter: Counter, paper: Paper) -> Select[Any]:
    last = select(func.coalesce(func.max(paper.number), 0)).where(paper.year == counter.year).scalar_subquery()
    wrong = select(cast(counter.year, String).label("year")).where(counter.last != last)
    none = select(cast(paper.year, String).label("year")).where(~exists().where(counter.year == paper.year))
    return select(union(wrong, none).subquery().c.year)


def _has_receipt() -> ColumnElement[bool]:
    return exists().where(Receipt.payment_id == Payment.id)


def _not_in_ledger() -> Select[Any]:
    step = (PaymentState.payment_id == Payment.id, PaymentState.now == "paid", PaymentState.at < SETTLED)
    of_it = (PaymentSource.payment_id == Payment.id, Movement.source_id == PaymentSource.source_id)
    came = exists().where(*of_it, _is_gross, Movement.kind.in_(INCOMING))
    # In this order: the steps of the few whose money is missing are looked at, not everybody's.
    return select(Payment.reference).where(_is_paid, ~came, exists().where(*step))


def _other_amounts() -> Select[Any]:
    gross = (
        select(PaymentSource.payment_id, _movements.currency, func.sum(_movements.amount_minor).label("minor"))
        .join(Movement, Movement.source_id == PaymentSource.source_id)
        .where(_is_gross, Movement.kind.in_(INCOMING))
        .group_by(PaymentSource.payment_id, _movements.currency)
        .subquery()
    )
    same = (gross.c.payment_id == Payment.id) & (gross.c.currency == _payments.currency)
    return select(Payment.reference).join(gross, same).where(gross.c.minor != _payments.amount_minor)


def _wrong_signs() -> Select[Any]:
    minor = _movements.amount_minor
    wrong = case(
        (Movement.kind.in_((*INCOMING, *RETURNING)), minor < 0),
        (Movement.kind.in_(OUTGOING), minor > 0),
        else_=False,
    )
    return select(Movement.transaction_id).where(_is_gross, wrong)


def _fees_alone() -> Select[Any]:
    gross = Movement.__table__.alias("gross").c
    beside = (
        gross.source == _movements.source,
        gross.transaction_id == _movements.transaction_id,
        gross.part == "gross",
        gross.currency == _movements.currency,
    )
    return select(Movement.transaction_id).where(Movement.part == "fee", ~exists().where(*beside))


def _payouts_that_do_not_add_up() -> Select[Any]:
    line = aliased(PayoutLine)
    of_it = (Movement.source == "stripe", Movement.transaction_id == PayoutLine.transaction_id)
    total = select(func.sum(_movements.amount_minor)).where(PayoutLine.payout_id == Payout.id, *of_it)
    in_ledger = exists().where(_is_gross, Movement.transaction_id == line.transaction_id)
    is_known = ~exists().where(line.payout_id == Payout.id, ~in_ledger)
    return select(Payout.stripe_payout).where(Payout.automatic, is_known, total.scalar_subquery() != 0)


PAPERS = (
    Invariant("receipts_without_gaps", "Receipts of a year are numbered from 1 without gaps.", _gaps(Receipt)),
    Invariant(
        "receipt_counter",
        "The counter of receipts stands at the year's last number.",
        _counters_astray(ReceiptCounter, Receipt),
    ),
    Invariant(
        "paid_has_receipt",
        "Every payment that was paid by Stripe has a receipt.",
        select(Payment.reference).where(_is_paid, ~_has_receipt()),
    ),
    Invariant(
        "unpaid_has_no_receipt",
        "No payment has a receipt that was not paid.",
        select(Payment.reference).where(Payment.state.not_in(PAID), _has_receipt()),
    ),
    Invariant(
        "credit_notes_without_gaps",
        "Credit notes of a year are numbered from 1 without gaps.",
        _gaps(CreditNote),
    ),
    Invariant(
        "credit_note_counter",
        "The counter of credit notes stands at the year's last number.",
        _counters_astray(CreditNoteCounter, CreditNote),
    ),
    Invariant(
        "refund_has_credit_note",
        "Every refund that takes money from a payment has a credit note.",
        select(Refund.reference).where(Refund.state.in_(COUNTS), ~exists().where(CreditNote.refund_id == Refund.id)),
    ),
)

LEDGER = (
    Invariant(
        "paid_is_in_ledger",
        "The money of every payment by Stripe stands in the ledger within an hour.",
        _not_in_ledger(),
    ),
    Invariant(
        "ledger_has_same_amount",
        "What came in for a payment in its own currency is its amount.",
        _other_amounts(),
    ),
    Invariant("signs_of_movements", "Charges bring money, refunds and payouts take it away.", _wrong_signs()),
    Invariant("fee_beside_gross", "Each fee stands beside the gross of its line, in its currency.", _fees_alone()),
    Invariant(
        "payout_adds_up",
        "The lines of each automatic payout add up to 0, its own included.",
        _payouts_that_do_not_add_up(),
    ),
)

INBOX = (
    Invariant(
        "waiting_event_is_tried",
        "Every event that waits has a next try.",
        select(StripeEvent.id).where(StripeEvent.state == "waiting", StripeEvent.next_try_at.is_(None)),
    ),
    Invariant(
        "dead_event_has_reason",
        "Every event that was given up says why.",
        select(StripeEvent.id).where(StripeEvent.state == "dead", StripeEvent.reason.is_(None)),
    ),
)
