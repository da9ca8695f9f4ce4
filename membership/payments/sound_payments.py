"""What must always be true of attempts, payments, refunds and disputes."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from membership.outbox.models import OutboxRow
from membership.payments.invariants import SETTLED, Invariant
from membership.payments.models import Attempt, Dispute, Payment, PaymentSource, PaymentState, Refund, StripeObject
from membership.payments.money_back import COUNTS
from membership.payments.states import HARMLESS_DISPUTES, MOVES, PAID

_payments, _refunds = Payment.__table__.c, Refund.__table__.c
_is_paid = Payment.state.in_(PAID)


def _broken(*where: ColumnElement[bool]) -> Select[Any]:
    return select(Payment.reference).where(*where)


def _attempts_twice() -> Select[Any]:
    other = aliased(Attempt)
    same = (other.token_hash == Attempt.token_hash, other.id != Attempt.id, other.superseded_by_id.is_(None))
    return select(Attempt.reference).where(Attempt.superseded_by_id.is_(None), exists().where(*same))


def _successors_astray() -> Select[Any]:
    successor = aliased(Attempt)
    later = (successor.token_hash == Attempt.token_hash) & (successor.revision > Attempt.revision)
    return select(Attempt.reference).join(successor, successor.id == Attempt.superseded_by_id).where(~later)


def _attempts_without_money() -> Select[Any]:
    came = exists().where(Payment.attempt_id == Attempt.id, _is_paid)
    return select(Attempt.reference).where(Attempt.state == "paid", Attempt.created_at < SETTLED, ~came)


def _attempts_paid_twice() -> Select[Any]:
    other = aliased(Payment)
    same = (other.attempt_id == Payment.attempt_id, other.id != Payment.id)
    return _broken(exists().where(*same))


def _steps_elsewhere() -> Select[Any]:
    steps = select(PaymentState.now).where(PaymentState.payment_id == Payment.id)
    last = steps.order_by(PaymentState.id.desc()).limit(1).scalar_subquery()
    return _broken(func.coalesce(last, "") != Payment.state)


def _steps_that_do_not_follow() -> Select[Any]:
    steps = select(
        PaymentState.payment_id,
        PaymentState.was,
        PaymentState.cause_kind,
        func.lag(PaymentState.now).over(partition_by=PaymentState.payment_id, order_by=PaymentState.id).label("before"),
    ).subquery()
    # A repair notes what somebody had made of the row by hand.
    apart = steps.c.was.is_distinct_from(steps.c.before) & (steps.c.cause_kind != "reconcile")
    return _broken(Payment.id.in_(select(steps.c.payment_id).where(apart)))


def _steps_not_allowed() -> Select[Any]:
    allowed = [f"{was or ''}>{to}" for was, tos in MOVES.items() for to in tos]
    step = func.coalesce(PaymentState.was, "") + literal(">") + PaymentState.now
    wrong = select(PaymentState.payment_id).where(step.not_in(allowed), PaymentState.cause_kind != "reconcile")
    return _broken(Payment.id.in_(wrong))


def _not_as_derived() -> Select[Any]:
    # The same as `states.state_of_paid`, for all payments at once; a test holds the two together.
    of_it = (Dispute.payment_id == Payment.id, Dispute.state.not_in(HARMLESS_DISPUTES))
    derived = case(
        (exists().where(*of_it, Dispute.state != "lost"), "disputed"),
        (exists().where(*of_it), "lost"),
        (_given_back() >= _payments.amount_minor, "refunded"),
        (_given_back() > 0, "partly_refunded"),
        else_="paid",
    )
    return _broken(_is_paid, Payment.state != derived, or_(Payment.state.not_in(("disputed", "lost")), _has_dispute()))


def _has_dispute() -> ColumnElement[bool]:
    return exists().where(Dispute.payment_id == Payment.id)


def _given_back() -> ColumnElement[int]:
    counts = (_refunds.payment_id == Payment.id, Refund.state.in_(COUNTS))
    return func.coalesce(select(func.sum(_refunds.amount_minor)).where(*counts).scalar_subquery(), 0)


def _refunds_nobody_sends() -> Select[Any]:
    waits = (OutboxRow.kind == "refund", OutboxRow.key == Refund.reference, OutboxRow.done_at.is_(None))
    return select(Refund.reference).where(Refund.state == "asked", ~exists().where(*waits))


def _refunds_from_nowhere() -> Select[Any]:
    wished = exists().where(Refund.reference == OutboxRow.key)
    return select(OutboxRow.key).where(OutboxRow.kind == "refund", ~wished)


ATTEMPTS = (
    Invariant("one_payable_attempt", "Of each form at most one attempt is not superseded.", _attempts_twice()),
    Invariant(
        "superseded_by_a_later_one",
        "A superseded attempt names a later revision of the same form.",
        _successors_astray(),
    ),
    Invariant(
        "paid_attempt_has_payment",
        "Every attempt that is paid has a payment that was paid.",
        _attempts_without_money(),
    ),
    Invariant("one_payment_per_attempt", "No attempt has two payments.", _attempts_paid_twice()),
    Invariant(
        "tickets_in_order",
        "Nothing is applied under a ticket that was never taken.",
        select(StripeObject.id).where(StripeObject.applied > StripeObject.wanted),
    ),
)

PAYMENTS = (
    Invariant(
        "payment_has_intent",
        "Every payment by Stripe has its payment intent.",
        _broken(Payment.source == "stripe", Payment.payment_intent.is_(None)),
    ),
    Invariant(
        "charge_leads_to_payment",
        "Every charge that we know leads to a payment by Stripe.",
        select(PaymentSource.source_id)
        .join(Payment, Payment.id == PaymentSource.payment_id, isouter=True)
        .where(or_(PaymentSource.source_id.startswith("ch_"), PaymentSource.source_id.startswith("py_")))
        .where(or_(Payment.id.is_(None), Payment.source != "stripe")),
    ),
    Invariant("payer_known", "Every payment that was paid has a payer.", _broken(_is_paid, Payment.payer_id.is_(None))),
    Invariant(
        "paid_at_when_paid",
        "A payment has the moment it was paid exactly if it was paid.",
        _broken(_is_paid == Payment.paid_at.is_(None)),
    ),
    Invariant("state_is_last_step", "A payment stands where its last step led it.", _steps_elsewhere()),
    Invariant(
        "steps_follow",
        "Each step of a payment begins where the one before ended.",
        _steps_that_do_not_follow(),
    ),
    Invariant("moves_allowed", "Each step of a payment is one of the allowed moves.", _steps_not_allowed()),
    Invariant(
        "state_as_derived",
        "A payment that was paid stands as its refunds and disputes leave it.",
        _not_as_derived(),
    ),
    Invariant(
        "disputed_has_dispute",
        "Every payment that is disputed or lost has a dispute.",
        _broken(Payment.state.in_(("disputed", "lost")), ~_has_dispute()),
    ),
    Invariant(
        "refunds_within_payment",
        "No more of a payment is given back than came.",
        _broken(_given_back() > _payments.amount_minor),
    ),
    Invariant(
        "refund_in_currency",
        "A refund is in the currency of its payment.",
        select(Refund.reference).join(Payment).where(_refunds.currency != _payments.currency),
    ),
    Invariant(
        "refund_of_paid",
        "Only what was paid is given back.",
        select(Refund.reference).join(Payment).where(and_(Refund.state.in_(COUNTS), ~_is_paid)),
    ),
    Invariant("refund_is_sent", "A refund that was wished waits to be sent to Stripe.", _refunds_nobody_sends()),
    Invariant("no_refund_unwished", "No refund is sent to Stripe that nobody wished.", _refunds_from_nowhere()),
)
