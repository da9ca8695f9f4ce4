"""The nightly list of payments that look like one charge made twice, for staff to read: a hint, never a verdict."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.roles import staff_with
from membership.db import transaction
from membership.mail.letters import Button, Letter, Line, Points
from membership.money import Money
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import enqueue
from membership.patrons.models import PledgePayment
from membership.payments.alarms import WithRows
from membership.payments.models import Payer, Payment, PaymentState, SyncCursor

TOGETHER = timedelta(hours=24)
# What was paid longer ago, and has only now been read from Stripe, is history.
OLDEST_NEWS = timedelta(days=30)
CURSOR = "suspicious_pairs"
MOST_LISTED = 50

Pair = tuple[str, str]


@dataclass(frozen=True)
class Paid:
    """A payment with what may tie it to another one. `who`: its account, its address, its card-holder.

    `period`: the pledge and the period that it paid for; `by_itself`: a renewal, for which nobody pressed a button.
    """

    reference: str
    amount: Money
    at: datetime
    who: tuple[str, ...]
    period: tuple[int, datetime] | None
    by_itself: bool


def list_suspicious_pairs(seams: WithRows) -> None:
    """Writes to staff of the pairs that came to be known since the last list; of none, nothing."""
    now = seams.clock.now()
    with seams.database.session() as session, transaction(session):
        cursor = session.get(SyncCursor, CURSOR, with_for_update=True, populate_existing=True)
        since = cursor.position if cursor else now - TOGETHER
        found = suspicious_pairs(session, since=since, until=now)
        if found:
            named = {"pairs": [list(pair) for pair in found[:MOST_LISTED]], "more": max(0, len(found) - MOST_LISTED)}
            enqueue(session, "suspicious_pairs", now.isoformat(), named, now=now)
        session.merge(SyncCursor(name=CURSOR, position=now))


def suspicious_pairs(session: Session, *, since: datetime, until: datetime) -> list[Pair]:
    """Returns the references of pairs of which one became known as paid after `since`, and by `until`."""
    became = select(PaymentState.payment_id).where(
        PaymentState.now == "paid", PaymentState.at > since, PaymentState.at <= until
    )
    of_news = select(Payment.reference, Payment.paid_at).where(
        Payment.id.in_(became), Payment.paid_at > until - OLDEST_NEWS
    )
    news = {row.reference: row.paid_at for row in session.execute(of_news)}
    if not news:
        return []
    around = _paid_between(session, min(news.values()) - TOGETHER, max(news.values()) + TOGETHER)
    return sorted(pair for pair in pairs_among(around) if set(pair) & set(news))


def pairs_among(payments: Iterable[Paid]) -> set[Pair]:
    """Returns pairs of one account, address or card-holder and one amount, at most 24 hours apart.

    Two periods of one pledge are none, and neither are two renewals.
    """
    alike: dict[tuple[str, Money], list[Paid]] = {}
    for payment in sorted(payments, key=lambda each: (each.at, each.reference)):
        for who in payment.who:
            alike.setdefault((who, payment.amount), []).append(payment)
    return {
        (first.reference, second.reference)
        for together in alike.values()
        for first, second in pairwise(together)
        if second.at - first.at <= TOGETHER and not _is_as_promised(first, second)
    }


def suspicious_letter(session: Session, payload: Mapping[str, Any], *, base_url: str) -> tuple[Letter, ...]:
    """Writes the list to everybody who looks after money: finance and admin. It names nobody."""
    points = [f"{first} · {second}" for first, second in payload["pairs"]]
    if payload["more"]:
        points.append(str(_("and %(count)s more", count=payload["more"])))
    return tuple(
        Letter(
            to=person.email,
            subject=str(_("%(newsroom)s: payments that may be one made twice", newsroom=current_newsroom().name)),
            blocks=(
                Line(
                    str(
                        _(
                            "These pairs are of one account, one address or one card-holder, of the same amount, and "
                            "at most a day apart. Most people who give twice mean it. If one did not, give it back."
                        )
                    )
                ),
                Points(tuple(points)),
                Button(str(_("Staff pages")), f"{base_url}/staff/"),
            ),
            key=f"suspicious_pairs.{payload['pairs'][0]}.{person.reference}",
        )
        for person in staff_with(session, "finance", "admin")
    )


def _is_as_promised(first: Paid, second: Paid) -> bool:
    if first.period is not None and second.period is not None and first.period[0] == second.period[0]:
        return first.period != second.period
    return first.by_itself and second.by_itself


def _paid_between(session: Session, since: datetime, until: datetime) -> Iterator[Paid]:
    statement = (
        select(Payment, Payer, PledgePayment)
        .join(Payer, Payer.id == Payment.payer_id)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .where(Payment.paid_at >= since, Payment.paid_at <= until, Payment.state == "paid")
    )
    for payment, payer, tie in session.execute(statement):
        yield Paid(
            payment.reference,
            payment.amount,
            payment.paid_at or payment.created_at,
            tuple(_who(payer)),
            (tie.pledge_id, tie.period_start) if tie else None,
            by_itself=tie is not None and payment.attempt_id is None,
        )


def _who(payer: Payer) -> Iterator[str]:
    if payer.account_id is not None:
        yield f"account {payer.account_id}"
    if payer.email_key is not None:
        yield f"address {payer.email_key}"
    if payer.name is not None and payer.name.strip():
        yield f"card-holder {' '.join(payer.name.casefold().split())}"
