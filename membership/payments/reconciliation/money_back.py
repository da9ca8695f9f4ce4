"""Refunds and disputes beside Stripe's; each is counted under the payment that it takes from."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership.payments.gateway import Gateway
from membership.payments.mirror import Thing
from membership.payments.models import Dispute, Payment, Refund
from membership.payments.reconciliation.differences import Survey, Window, said
from membership.payments.reconciliation.surveying import Open, Part, is_gone
from membership.payments.records import DisputeSeen, RefundSeen
from membership.payments.refunds import BY_STATUS

# Words of disputes after which nothing more comes.
OVER = ("won", "lost", "prevented", "charge_refunded", "warning_closed")
MOST_OPEN = 10_000


def compare_refunds(session: Session, survey: Survey, page: list[RefundSeen]) -> None:
    """Compares a page of refunds with ours; one of a payment that nobody here knows is somebody else's."""
    ids, references = [seen.id for seen in page], [seen.reference for seen in page if seen.reference]
    found = session.scalars(select(Refund).where(or_(Refund.stripe_refund.in_(ids), Refund.reference.in_(references))))
    rows = {row.stripe_refund or row.reference: row for row in found}
    ours = _payments(session, survey, [seen.intent for seen in page])
    for seen in page:
        if seen.intent is None or seen.intent not in ours:
            continue
        thing, row = Thing("refund", seen.id), rows.get(seen.id)
        if row is None:
            asked = "" if seen.reference not in rows else ", asked for here,"
            survey.add("payment", seen.intent, f"refund {seen.id} of {said(seen.amount)}{asked} is not known", thing)
            survey.sources[seen.id] = seen.intent
            continue
        survey.knows("refunds", row.id)
        pairs = (("amount", row.amount, seen.amount), ("state", row.state, BY_STATUS.get(seen.status, "pending")))
        named = [(f"refund {seen.id}: {name}", here, there) for name, here, there in pairs]
        survey.compare("payment", seen.intent, thing, named)


def compare_disputes(session: Session, survey: Survey, page: list[DisputeSeen]) -> None:
    """Compares a page of disputes with ours."""
    found = session.scalars(select(Dispute).where(Dispute.stripe_dispute.in_([seen.id for seen in page])))
    rows = {row.stripe_dispute: row for row in found}
    ours = _payments(session, survey, [seen.intent for seen in page])
    for seen in page:
        if seen.intent is None or seen.intent not in ours:
            continue
        thing, row = Thing("dispute", seen.id), rows.get(seen.id)
        if row is None:
            what = f"dispute {seen.id} over {said(seen.amount)} ({seen.status}) is not known"
            survey.add("payment", seen.intent, what, thing)
            survey.sources[seen.id] = seen.intent
            continue
        survey.knows("disputes", row.id)
        pairs = (
            ("amount", row.amount, seen.amount),
            ("state", row.state, seen.status),
            ("to be answered by", row.due_at, seen.due_at),
        )
        named = [(f"dispute {seen.id}: {name}", here, there) for name, here, there in pairs]
        survey.compare("payment", seen.intent, thing, named)


def _payments(session: Session, survey: Survey, intents: Sequence[str | None]) -> set[str]:
    # Of a payment that differs already we know that it is ours, though no row says so yet.
    wanted = [intent for intent in intents if intent]
    known = session.scalars(select(Payment.payment_intent).where(Payment.payment_intent.in_(wanted)))
    return {*filter(None, known), *(each for each in wanted if ("payment", each) in survey.differences)}


def leftover_refunds(session: Session, survey: Survey) -> None:
    """Notes refunds that stand here and that Stripe's list did not show."""
    statement = _with_intent(Refund, Refund.stripe_refund).where(Refund.created_at < survey.window.now)
    if survey.window.since is not None:
        statement = statement.where(Refund.created_at >= survey.window.since)
    _note_unseen(session, survey, "refund", statement)


def leftover_disputes(session: Session, survey: Survey) -> None:
    """Notes disputes that stand here and that Stripe's list did not show."""
    statement = _with_intent(Dispute, Dispute.stripe_dispute).where(Dispute.opened_at < survey.window.now)
    if survey.window.since is not None:
        statement = statement.where(Dispute.opened_at >= survey.window.since)
    _note_unseen(session, survey, "dispute", statement)


def _note_unseen(session: Session, survey: Survey, kind: str, statement: Any) -> None:
    seen = survey.seen.get(f"{kind}s", set())
    for row_id, object_id, intent in session.execute(statement).all():
        if row_id not in seen and not is_gone(session, object_id):
            survey.add("payment", intent, f"Stripe's list holds no {kind} {object_id}", Thing(kind, object_id))


def _with_intent(model: Any, object_id: Any) -> Any:
    return (
        select(model.id, object_id, Payment.payment_intent)
        .join(Payment, Payment.id == model.payment_id)
        .where(object_id.is_not(None), Payment.payment_intent.is_not(None))
    )


def _open_refunds(session: Session, window: Window) -> list[tuple[str, str, str]]:
    statement = _with_intent(Refund, Refund.stripe_refund).where(Refund.state == "pending")
    return _waiting(session, statement.where(Refund.created_at < (window.since or window.now)))


def _open_disputes(session: Session, window: Window) -> list[tuple[str, str, str]]:
    statement = _with_intent(Dispute, Dispute.stripe_dispute).where(Dispute.state.not_in(OVER))
    return _waiting(session, statement.where(Dispute.opened_at < (window.since or window.now)))


def _waiting(session: Session, statement: Any) -> list[tuple[str, str, str]]:
    return [(object_id, "payment", intent) for _, object_id, intent in session.execute(statement.limit(MOST_OPEN))]


def _read_refunds(gateway: Gateway, window: Window) -> Iterator[RefundSeen]:
    return gateway.refunds(window.since)


def _read_disputes(gateway: Gateway, window: Window) -> Iterator[DisputeSeen]:
    return gateway.disputes(window.since)


def _ask_refund(gateway: Gateway, refund_id: str) -> RefundSeen:
    return gateway.refund(refund_id)


def _ask_dispute(gateway: Gateway, dispute_id: str) -> DisputeSeen:
    return gateway.dispute(dispute_id)


def _count_refunds(session: Session, _window: Window) -> int:
    return session.scalar(select(func.count()).select_from(Refund)) or 0


def _count_disputes(session: Session, _window: Window) -> int:
    return session.scalar(select(func.count()).select_from(Dispute)) or 0


REFUNDS = Part(
    "refunds",
    _read_refunds,
    compare_refunds,
    _count_refunds,
    open=Open("refund", _open_refunds, _ask_refund),
    leftover=leftover_refunds,
)
DISPUTES = Part(
    "disputes",
    _read_disputes,
    compare_disputes,
    _count_disputes,
    open=Open("dispute", _open_disputes, _ask_dispute),
    leftover=leftover_disputes,
)
