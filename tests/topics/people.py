"""The cast of these tests: patrons with a paid pledge, an editor, and rounds they open and vote in."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Barrier
from uuid import uuid4

from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.people import account_for, verify
from membership.clock import Clock
from membership.db import Database, transaction
from membership.money import Money
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.models import Payer, Payment
from membership.topics.ballots import Ballot, cast, voter_in
from membership.topics.models import Round, Topic
from membership.topics.moves import move, tell
from membership.topics.opening import open_round
from membership.topics.proposing import propose
from membership.topics.rounds import by_slug

TITLES = ("Who repairs the grid?", "Where does the rubble go?", "The last ferrymen", "Teachers who teach twice")
WEEK = timedelta(days=7)


@contextmanager
def writing(database: Database) -> Iterator[Session]:
    """Opens a session in a write transaction."""
    with database.session() as session, transaction(session):
        yield session


def reader(database: Database, email: str, *, now: datetime) -> Account:
    """Makes a verified account that gives nothing."""
    with writing(database) as session:
        return _account(session, email, now=now)


def patron(database: Database, email: str, *, now: datetime) -> Account:
    """Makes an account with a live pledge of 5 euros a month and one payment."""
    with writing(database) as session:
        return _patron(session, email, now=now)


def patrons(database: Database, count: int, *, now: datetime) -> list[Account]:
    with writing(database) as session:
        return [_patron(session, f"patron{number}@example.org", now=now) for number in range(count)]


def give(session: Session, account: Account, *, now: datetime) -> None:
    """Plants a pledge that was paid; no round hears of it."""
    payer = Payer(reference=str(uuid4()), account_id=account.id, created_at=now)
    payment = Payment(
        reference=str(uuid4()), source="stripe", amount=Money(500, "EUR"), state="paid", paid_at=now, created_at=now
    )
    session.add_all([payer, payment])
    session.flush()
    pledge = Pledge(
        reference=str(uuid4()),
        account_id=account.id,
        payer_id=payer.id,
        subscription=f"sub_{uuid4().hex}",
        cadence="month",
        amount=Money(500, "EUR"),
        stripe_status="active",
        started_at=now,
        period_end_at=now + timedelta(days=30),
        live=True,
    )
    session.add(pledge)
    session.flush()
    period = {"period_start": now, "period_end": now + timedelta(days=30)}
    session.add(PledgePayment(payment_id=payment.id, pledge_id=pledge.id, **period))


def lapse(session: Session, account: Account, *, now: datetime) -> None:
    """Ends the pledge of a patron."""
    pledge = session.query(Pledge).filter_by(account_id=account.id).one()
    pledge.stripe_status, pledge.live, pledge.ended_at = "canceled", False, now


def shortlisted(database: Database, titles: Sequence[str] = TITLES, *, now: datetime) -> list[Topic]:
    """Has one patron each propose a topic, a minute apart, and puts it on the shortlist; no letter says so."""
    topics = []
    with writing(database) as session:
        for number, title in enumerate(titles):
            at = now + timedelta(minutes=number)
            proposer = _patron(session, f"proposer{number}@example.org", now=now)
            topic = propose(session, proposer.id, title, "Because nobody has looked.", now=at)
            move(session, topic, "shortlisted", by=None, now=at)
            tell(session, [topic], by=None, now=at)
            topics.append(topic)
    return topics


def opened(
    database: Database,
    titles: Sequence[str] = TITLES[:3],
    *,
    lasts: timedelta = WEEK,
    choices: int = 2,
    winners: int = 1,
    secret: bool = True,
    now: datetime,
) -> Round:
    """Opens a round over fresh topics."""
    topics = shortlisted(database, titles, now=now)
    with writing(database) as session:
        return open_round(
            session,
            "Winter energy",
            "What should we report in December?",
            [topic.slug for topic in topics],
            closes_at=now + lasts,
            choices=choices,
            winners=winners,
            secret=secret,
            by=None,
            now=now,
        )


def vote(database: Database, round_: Round, account: Account, *slugs: str, clock: Clock) -> Ballot:
    """Votes as from a page that has just been loaded."""
    with database.session() as session:
        voter = voter_in(session, round_.id, account.id)
    with writing(database) as session:
        version = voter.ballot.version if voter else 0
        return cast(session, round_.id, account.id, slugs, version=version, clock=clock)


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Starts all acts together, each in a thread of its own, and returns their answers; an exception is raised."""
    barrier = Barrier(len(acts))

    def start(act: Callable[[], object]) -> object:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [each.result(timeout=60) for each in [threads.submit(start, act) for act in acts]]


def reread(database: Database, round_: Round) -> Round:
    with database.session() as session:
        return by_slug(session, round_.slug)


def _account(session: Session, email: str, *, now: datetime) -> Account:
    account, _ = account_for(session, email, language="en", now=now)
    verify(session, account, now=now)
    return account


def _patron(session: Session, email: str, *, now: datetime) -> Account:
    account = _account(session, email, now=now)
    give(session, account, now=now)
    return account
