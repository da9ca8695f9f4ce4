"""Payments beside the charges that took their money: whether they are known, the amount, the state, the moment."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.orm import Session

from membership.payments.gateway import Gateway
from membership.payments.mirror import Thing
from membership.payments.models import Dispute, Payment, PaymentSource, Receipt, Refund, StripeObject
from membership.payments.money_back import COUNTS
from membership.payments.reconciliation.differences import Survey, Window, said
from membership.payments.reconciliation.surveying import Open, Part
from membership.payments.records import Charge, Intent
from membership.payments.states import HARMLESS_DISPUTES, PAID, state_after, state_of_paid

# A charge that failed took no money: a payment may have many.
MOVING = ("succeeded", "pending")
MOST_OPEN = 10_000


def read(gateway: Gateway, window: Window) -> Iterator[Charge]:
    """Lists charges."""
    return gateway.charges(window.since)


def compare(session: Session, survey: Survey, page: list[Charge]) -> None:
    """Compares the payments behind a page of charges, their receipts, and how their lines find them."""
    moving = {charge.intent: charge for charge in reversed(page) if charge.intent and charge.status in MOVING}
    known = {row.payment_intent: row for row in session.execute(_payments().where(Payment.payment_intent.in_(moving)))}
    tied = set(session.scalars(select(PaymentSource.source_id).where(PaymentSource.source_id.in_(_ids(moving)))))
    for intent, charge in moving.items():
        row = known.get(intent)
        if row is not None:
            survey.knows("payments", row.id)
            _compare_one(survey, row, charge, is_tied=charge.id in tied)
        elif survey.is_ours(charge.tags):
            survey.add("payment", intent, f"{_words(charge)} is not known here", Thing("payment", intent))
            survey.sources[charge.id] = intent
        elif charge.tags.site is not None:
            survey.foreign["payment"] += 1
        else:
            survey.unclaimed[intent] = charge.id


def _ids(moving: dict[str, Charge]) -> list[str]:
    return [charge.id for charge in moving.values()]


def _payments() -> Any:
    payment, refund = Payment.__table__.c, Refund.__table__.c
    return select(
        payment.id,
        payment.payment_intent,
        Payment.amount,
        payment.state,
        payment.paid_at,
        select(Receipt.id).where(Receipt.payment_id == payment.id).scalar_subquery().label("receipt_id"),
        select(func.coalesce(func.sum(refund.amount_minor), 0))
        .where(refund.payment_id == payment.id, refund.state.in_(COUNTS))
        .scalar_subquery()
        .label("refunded"),
        _disputes(payment.id, Dispute.state != "lost").label("asked_back"),
        _disputes(payment.id, Dispute.state == "lost").label("lost"),
    )


def _disputes(payment_id: ColumnElement[int], condition: ColumnElement[bool]) -> Any:
    harmful = Dispute.state.not_in(HARMLESS_DISPUTES)
    one = case((func.count(Dispute.id) > 0, 1), else_=0)
    return select(one).where(Dispute.payment_id == payment_id, harmful, condition).scalar_subquery()


def _compare_one(survey: Survey, row: Row[Any], charge: Charge, *, is_tied: bool) -> None:
    intent, thing = str(charge.intent), Thing("payment", str(charge.intent))
    is_paid = charge.status == "succeeded"
    pairs: list[tuple[str, object, object]] = [
        ("amount", row.amount, charge.amount),
        ("state", row.state, _state(row) if is_paid else "pending"),
    ]
    if is_paid:
        pairs.append(("paid at", row.paid_at, charge.created_at))
    survey.compare("payment", intent, thing, pairs)
    if is_paid and row.receipt_id is None:
        survey.add("payment", intent, "the receipt has no number yet", thing)
    if not is_tied:
        survey.add("payment", intent, f"charge {charge.id} is not tied to it", thing)


def _state(row: Row[Any]) -> str:
    words = ["needs_response"] * bool(row.asked_back) + ["lost"] * bool(row.lost)
    return state_of_paid(row.amount.minor, int(row.refunded), words)


def _words(charge: Charge) -> str:
    return f"{said(charge.amount)} of {charge.created_at:%Y-%m-%d %H:%M} UTC ({charge.status})"


def leftover(session: Session, survey: Survey) -> None:
    """Notes payments that are paid or on their way here, and that no charge of Stripe's list stands behind."""
    window, seen = survey.window, survey.seen.get("payments", set())
    statement = select(Payment.id).where(
        Payment.source == "stripe",
        Payment.payment_intent.is_not(None),
        Payment.state.in_((*PAID, "pending")),
        Payment.created_at < window.now,
    )
    if window.since is not None:
        is_new = and_(Payment.state == "pending", Payment.created_at >= window.since)
        statement = statement.where(or_(Payment.paid_at >= window.since, is_new))
    unseen = sorted(set(session.scalars(statement)) - seen)
    for start in range(0, len(unseen), 500):
        for intent in session.scalars(_not_gone(unseen[start : start + 500])):
            survey.add("payment", str(intent), "Stripe's list holds no such charge", Thing("payment", str(intent)))


def _not_gone(ids: list[int]) -> Any:
    gone = select(StripeObject.id).where(StripeObject.id == Payment.payment_intent, StripeObject.gone_at.is_not(None))
    return select(Payment.payment_intent).where(Payment.id.in_(ids), ~gone.exists()).order_by(Payment.id)


def rows(session: Session, window: Window) -> int:
    """Counts the payments of the window."""
    statement = select(func.count()).select_from(Payment).where(Payment.source == "stripe")
    if window.since is not None:
        statement = statement.where(Payment.paid_at >= window.since)
    return session.scalar(statement) or 0


def compare_intents(session: Session, survey: Survey, page: list[Intent]) -> None:
    """Compares payments that were on their way with their intents."""
    statement = select(Payment.payment_intent, Payment.state)
    known = session.execute(statement.where(Payment.payment_intent.in_([each.id for each in page])))
    states = {row.payment_intent: row.state for row in known}
    for intent in page:
        was = states.get(intent.id)
        pair = ("state", was, state_after(was, intent.status))
        survey.compare("payment", intent.id, Thing("payment", intent.id), [pair])


def _on_their_way(session: Session, window: Window) -> list[tuple[str, str, str]]:
    statement = select(Payment.payment_intent).where(
        Payment.state == "pending", Payment.source == "stripe", Payment.created_at < (window.since or window.now)
    )
    intents = session.scalars(statement.order_by(Payment.id).limit(MOST_OPEN))
    return [(intent, "payment", intent) for intent in intents if intent]


def _nothing(_gateway: Gateway, _window: Window) -> Iterator[Intent]:
    return iter(())


def _ask(gateway: Gateway, intent: str) -> Intent:
    return gateway.intent(intent)


def _none(_session: Session, _window: Window) -> int:
    return 0


CHARGES = Part("charges", read, compare, rows, leftover=leftover)
ON_THEIR_WAY = Part(
    "payments on their way",
    _nothing,
    compare_intents,
    _none,
    open=Open("payment", _on_their_way, _ask),
    only_lately=True,
)
