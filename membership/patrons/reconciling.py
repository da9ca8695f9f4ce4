"""The patrons' part of reconciliation: subscriptions beside pledges, paid invoices beside the periods they paid for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.patrons.models import PLEDGE_CADENCES, Pledge, PledgePayment
from membership.patrons.pledges import NOT_BEGUN
from membership.patrons.standing import OVER
from membership.payments.gateway import Gateway
from membership.payments.mirror import Thing
from membership.payments.models import Payment, StripeObject
from membership.payments.reconciliation.differences import Survey, Window, said
from membership.payments.reconciliation.surveying import Open, Part
from membership.payments.records import Invoice, Subscription

# An invoice is made before its charge, by as long as Stripe asks a bank again: two months at most.
MADE_BEFORE = timedelta(days=70)
# Where a payment is soon due, or was refused: these may change though nothing told us.
UNSETTLED = ("past_due", "unpaid", "incomplete")
MOST_OPEN = 10_000


def compare_subscriptions(session: Session, survey: Survey, page: list[Subscription]) -> None:
    """Compares a page of subscriptions with the pledges that they stand behind."""
    found = session.scalars(select(Pledge).where(Pledge.subscription.in_([seen.id for seen in page])))
    pledges = {pledge.subscription: pledge for pledge in found}
    forgotten = _of_erased(session, pledges)
    for seen in page:
        pledge = pledges.get(seen.id)
        if pledge is not None:
            survey.knows("pledges", pledge.id)
        if not survey.is_ours(seen.tags):
            survey.foreign["pledge"] += 1
        elif pledge is not None:
            # Of who was erased the card is forgotten here, as it was meant.
            _compare_one(
                survey, pledge, replace(seen, card_brand=None, card_last4=None) if seen.id in forgotten else seen
            )
        elif seen.status not in NOT_BEGUN:
            what = f"{said(seen.amount)} a {seen.interval} since {seen.started_at:%Y-%m-%d} is not known here"
            survey.add("pledge", seen.id, what, Thing("subscription", seen.id))


def _of_erased(session: Session, subscriptions: Iterable[str]) -> frozenset[str]:
    theirs = select(Pledge.subscription).join(Account, Account.id == Pledge.account_id)
    return frozenset(
        session.scalars(theirs.where(Account.erased_at.is_not(None), Pledge.subscription.in_(subscriptions)))
    )


def _compare_one(survey: Survey, pledge: Pledge, seen: Subscription) -> None:
    is_over = seen.status in OVER
    pairs: list[tuple[str, object, object]] = [
        ("status", pledge.stripe_status, seen.status),
        ("amount", pledge.amount, seen.amount),
        ("ends", pledge.cancel_at, seen.cancel_at),
        ("period until", pledge.period_end_at, seen.period_end_at),
        ("card", _card(pledge.card_brand, pledge.card_last4), _card(seen.card_brand, seen.card_last4)),
        ("paused", pledge.paused_since is not None, seen.is_paused),
        ("paused until", pledge.paused_until, seen.paused_until),
        ("moved until", pledge.moved_until, seen.moved_until),
        ("schedule", pledge.schedule, seen.schedule),
        ("ended", pledge.ended_at, (seen.ended_at or pledge.ended_at) if is_over else None),
    ]
    if seen.interval in PLEDGE_CADENCES:
        pairs.append(("cadence", pledge.cadence, seen.interval))
    thing = Thing("subscription", seen.id)
    survey.compare("pledge", seen.id, thing, pairs)
    if is_over and pledge.ended_at is None:
        survey.add("pledge", seen.id, "it goes on here and has ended at Stripe", thing)


def _card(brand: str | None, last4: str | None) -> str | None:
    return f"{brand} {last4}" if brand or last4 else None


def compare_invoices(session: Session, survey: Survey, page: list[Invoice]) -> None:
    """Compares what a page of invoices was paid by, and for which period, with the payments of our pledges."""
    paying = [invoice for invoice in page if invoice.subscription and (invoice.intents or invoice.open_intents)]
    subscriptions = {invoice.subscription for invoice in paying}
    known = set(session.scalars(select(Pledge.subscription).where(Pledge.subscription.in_(subscriptions))))
    periods = _periods(session, {intent for invoice in paying for intent in invoice.intents + invoice.open_intents})
    for invoice in paying:
        if invoice.subscription in known or survey.is_ours(invoice.tags):
            _compare_paid(survey, invoice, periods)
            for intent in invoice.open_intents:
                _is_known(survey, invoice, intent, periods)


_Period = tuple[object, object, object]


def _periods(session: Session, intents: set[str]) -> dict[str, _Period]:
    statement = (
        select(Payment.payment_intent, Pledge.subscription, PledgePayment.period_start, PledgePayment.period_end)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .outerjoin(Pledge, Pledge.id == PledgePayment.pledge_id)
        .where(Payment.payment_intent.in_(intents))
    )
    return {str(intent): (pledge, start, end) for intent, pledge, start, end in session.execute(statement)}


def _compare_paid(survey: Survey, invoice: Invoice, periods: dict[str, _Period]) -> None:
    for intent in invoice.intents:
        if not _is_known(survey, invoice, intent, periods):
            continue
        here, there = periods[intent], (invoice.subscription, invoice.period_start, invoice.period_end)
        if here != there:
            until = f"{invoice.period_start:%Y-%m-%d} to {invoice.period_end:%Y-%m-%d} of {invoice.subscription}"
            what = f"the period {until} is not tied to it" if here[0] is None else f"it paid for {until}, not as here"
            survey.add("payment", intent, what, Thing("invoice", invoice.id))


def _is_known(survey: Survey, invoice: Invoice, intent: str, periods: dict[str, _Period]) -> bool:
    survey.claim(intent)
    if intent in periods:
        return True
    what = f"{said(invoice.amount_paid)} for {invoice.subscription} is not known here"
    survey.add("payment", intent, what, Thing("invoice", invoice.id))
    return False


def leftover(session: Session, survey: Survey) -> None:
    """Notes pledges that go on here and that Stripe's list did not show."""
    statement = select(Pledge.id, Pledge.subscription).where(
        Pledge.ended_at.is_(None), Pledge.started_at < survey.window.now, ~_is_gone()
    )
    if survey.window.since is not None:
        statement = statement.where(Pledge.started_at >= survey.window.since)
    seen = survey.seen.get("pledges", set())
    for pledge_id, subscription in session.execute(statement).all():
        if pledge_id not in seen:
            thing = Thing("subscription", subscription)
            survey.add("pledge", subscription, "Stripe's list holds no such subscription", thing)


def _is_gone() -> ColumnElement[bool]:
    return exists().where(and_(StripeObject.id == Pledge.subscription, StripeObject.gone_at.is_not(None)))


def _unsettled(session: Session, window: Window) -> list[tuple[str, str, str]]:
    statement = select(Pledge.subscription).where(
        Pledge.stripe_status.in_(UNSETTLED), Pledge.started_at < (window.since or window.now)
    )
    return [(each, "pledge", each) for each in session.scalars(statement.order_by(Pledge.id).limit(MOST_OPEN))]


def _read_subscriptions(gateway: Gateway, window: Window) -> Iterator[Subscription]:
    return gateway.subscriptions(window.since)


def _read_invoices(gateway: Gateway, window: Window) -> Iterator[Invoice]:
    return gateway.invoices(window.since - MADE_BEFORE if window.since else None)


def _ask(gateway: Gateway, subscription_id: str) -> Subscription:
    return gateway.subscription(subscription_id)


def _count_pledges(session: Session, window: Window) -> int:
    statement = select(func.count()).select_from(Pledge)
    if window.since is not None:
        statement = statement.where(Pledge.started_at >= window.since)
    return session.scalar(statement) or 0


def _count_periods(session: Session, window: Window) -> int:
    statement = select(func.count()).select_from(PledgePayment)
    if window.since is not None:
        statement = statement.where(PledgePayment.period_start >= window.since - MADE_BEFORE)
    return session.scalar(statement) or 0


SUBSCRIPTIONS = Part(
    "subscriptions",
    _read_subscriptions,
    compare_subscriptions,
    _count_pledges,
    open=Open("subscription", _unsettled, _ask),
    leftover=leftover,
)
INVOICES = Part("invoices", _read_invoices, compare_invoices, _count_periods)
