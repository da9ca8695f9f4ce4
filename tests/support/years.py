"""Years for these tests: payments, what went back, and a round with its article, as rows."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.articles.models import Article
from membership.clock import SteppedClock
from membership.db import Database
from membership.money import Money
from membership.payments.models import CreditNote, Dispute, Payer, Payment, Receipt, Refund
from membership.topics.keeping import close_due
from membership.topics.models import Round, Topic
from tests.topics.people import give, opened, patrons, vote, writing

GRID = "who-repairs-the-grid"
RUBBLE = "where-does-the-rubble-go"
MARCH = datetime(2025, 3, 14, 9, 0, tzinfo=UTC)


def round_of(database: Database, owner: Account, *, clock: SteppedClock) -> Round:
    """Opens a round in which four others vote for the grid, and the owner for the rubble."""
    voters = patrons(database, 4, now=clock.at)
    with writing(database) as session:
        give(session, owner, now=clock.at)
    round_ = opened(database, now=clock.at)
    for voter in voters:
        vote(database, round_, voter, GRID, clock=clock)
    vote(database, round_, owner, RUBBLE, clock=clock)
    return round_


def a_year_of(database: Database, owner: Account, *, clock: SteppedClock) -> None:
    """Has somebody vote in a round that closes, and of which an article comes."""
    round_ = round_of(database, owner, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    with writing(database) as session:
        session.add(article(session, "The linemen", now=clock.at))


def paid(
    session: Session, owner: Account, amount: Money, at: datetime, *, state: str = "paid", receipt: int | None = None
) -> Payment:
    payer = Payer(reference=str(uuid4()), account_id=owner.id, created_at=at)
    session.add(payer)
    session.flush()
    payment = Payment(
        reference=str(uuid4()),
        payer_id=payer.id,
        source="stripe",
        amount=amount,
        state=state,
        paid_at=None if state == "failed" else at,
        created_at=at,
    )
    session.add(payment)
    session.flush()
    if receipt is not None:
        session.add(Receipt(year=at.year, number=receipt, payment_id=payment.id, issued_at=at))
    return payment


def refunded(
    session: Session, payment: Payment, amount: Money, at: datetime, *, state: str = "succeeded", number: int = 0
) -> None:
    refund = Refund(
        reference=str(uuid4()), payment_id=payment.id, amount=amount, state=state, asked_by_kind="staff", created_at=at
    )
    session.add(refund)
    session.flush()
    if number:
        session.add(CreditNote(year=at.year, number=number, refund_id=refund.id, issued_at=at))


def lost(payment: Payment, at: datetime) -> Dispute:
    return Dispute(
        stripe_dispute=f"dp_{uuid4().hex}",
        payment_id=payment.id,
        state="lost",
        amount=payment.amount,
        opened_at=at - timedelta(days=30),
        closed_at=at,
    )


def article(session: Session, title: str, *, now: datetime) -> Article:
    return Article(
        language="en",
        slug=title.lower().replace(" ", "-"),
        state="published",
        title=title,
        standfirst="",
        published_at=now,
        topic_id=session.scalars(select(Topic.id).where(Topic.slug == GRID)).one(),
        body_source="",
        body_html="",
        content_hash="",
        changed_at=now,
    )
