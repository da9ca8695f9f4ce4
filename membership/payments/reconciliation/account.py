"""Payouts and the lines of the Stripe account beside ours. The account is ours whole, whoever else is paid by it."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.payments.gateway import Gateway
from membership.payments.ledger import movements_of, read_back_to
from membership.payments.mirror import Thing
from membership.payments.models import Movement, Payment, PaymentSource, Payout
from membership.payments.reconciliation.differences import Survey, Window, said
from membership.payments.reconciliation.surveying import Part
from membership.payments.records import BalanceTransaction, PayoutSeen


def compare_payouts(session: Session, survey: Survey, page: list[PayoutSeen]) -> None:
    """Compares a page of payouts with ours."""
    found = session.scalars(select(Payout).where(Payout.stripe_payout.in_([seen.id for seen in page])))
    rows = {row.stripe_payout: row for row in found}
    for seen in page:
        row, thing = rows.get(seen.id), Thing("payout", seen.id)
        if row is None:
            survey.add("payout", seen.id, f"{said(seen.amount)} of {seen.created_at:%Y-%m-%d} is not known here", thing)
            continue
        pairs = (
            ("amount", row.amount, seen.amount),
            ("state", row.state, seen.status),
            ("arrives", row.arrives_at, seen.arrives_at),
        )
        survey.compare("payout", seen.id, thing, pairs)


def compare_lines(session: Session, survey: Survey, page: list[BalanceTransaction]) -> None:
    """Notes which lines of the account are not in the ledger, under their payment if they have one."""
    ours: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    table = Movement.__table__.c
    statement = select(table.transaction_id, table.part, table.amount_minor, table.currency)
    is_theirs = (table.source == "stripe") & table.transaction_id.in_([line.id for line in page])
    for transaction_id, part, minor, currency in session.execute(statement.where(is_theirs)):
        ours[transaction_id][part] = (minor, currency)
    back_to = read_back_to(session)
    for line in page:
        if ours[line.id] != movements_of(line) and (back_to is None or line.created_at > back_to):
            _note(session, survey, line, is_known=bool(ours[line.id]))


def _note(session: Session, survey: Survey, line: BalanceTransaction, *, is_known: bool) -> None:
    kind, key = _belongs_to(session, survey, line)
    amount = said(line.amount)
    if is_known:
        survey.add(kind, key, f"line {line.id} of {amount} stands otherwise in the ledger, where nothing changes", None)
        return
    survey.add(kind, key, f"line {line.id} of {amount} is not in the ledger", None)
    survey.lines.append(line)


def _belongs_to(session: Session, survey: Survey, line: BalanceTransaction) -> tuple[str, str]:
    if line.source in survey.sources:
        return "payment", survey.sources[line.source]
    statement = select(Payment.payment_intent).join(PaymentSource, PaymentSource.payment_id == Payment.id)
    intent = session.scalar(statement.where(PaymentSource.source_id == line.source)) if line.source else None
    return ("payment", intent) if intent else ("line", line.id)


def _read_payouts(gateway: Gateway, window: Window) -> Iterator[PayoutSeen]:
    return gateway.payouts(window.since)


def _read_lines(gateway: Gateway, window: Window) -> Iterator[BalanceTransaction]:
    return gateway.balance_transactions(window.since)


def _count_payouts(session: Session, _window: Window) -> int:
    return session.scalar(select(func.count()).select_from(Payout)) or 0


def _count_lines(session: Session, window: Window) -> int:
    statement = select(func.count()).select_from(Movement).where(Movement.source == "stripe", Movement.part == "gross")
    if window.since is not None:
        statement = statement.where(Movement.occurred_at >= window.since)
    return session.scalar(statement) or 0


PAYOUTS = Part("payouts", _read_payouts, compare_payouts, _count_payouts)
LINES = Part("lines of the account", _read_lines, compare_lines, _count_lines)
