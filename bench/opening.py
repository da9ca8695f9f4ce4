"""`python -m bench.opening`: how long a round of 100,000 takes to open, for how long writers wait, and its count."""

import tempfile
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import click
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bench.mirroring import insert_all
from bench.processes import Failed
from bench.writers import Writer
from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database, locked, transaction
from membership.newsroom.site_version import bump
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.models import Payer, Payment, PaymentState
from membership.topics.announcing import CHECKS, announce
from membership.topics.closing import close
from membership.topics.drafting import draft
from membership.topics.models import CountedBallot, OpenBallot, OpenChoice, RollEntry, Round, Topic
from membership.topics.opening import begin, prepare
from membership.topics.roll import missing, roll_size, verify_roll
from membership.topics.round_terms import Candidate, Terms
from membership.topics.tally import Contender, tally
from tests.databases import create_postgresql, migrated, postgresql_server

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
OPENS = BEGAN + timedelta(days=100)
MONTH = timedelta(days=30)
LASTS = timedelta(days=7)
TOPICS = tuple(f"topic-{number}" for number in range(3))
MOST_SECONDS, MOST_LOCKED_SECONDS, MOST_TALLY_SECONDS = 10, 2, 2

Row = dict[str, Any]


@click.command()
@click.option("--patrons", default=100_000, show_default=True)
@click.option("--payments", default=12, show_default=True, help="Of each patron.")
@click.option("--postgresql", is_flag=True)
def main(patrons: int, payments: int, *, postgresql: bool) -> None:
    """Fills the tables, opens a round, looks what the minute's sweep costs then, lets all vote, and counts."""
    with (
        postgresql_server() if postgresql else nullcontext() as server_url,
        tempfile.TemporaryDirectory(prefix="membership-bench-") as temporary,
    ):
        url = migrated(create_postgresql(server_url) if server_url else f"sqlite:///{Path(temporary) / 'm.db'}")
        database = Database(url)
        _fill(database, patrons, payments)
        round_id = _announced(database)
        seconds, waited_seconds = _open(database, round_id)
        size, sweep_seconds = _looked_over(database, round_id)
        close_seconds, tally_seconds = _counted(database, round_id)
        database.close()
    click.echo(
        f"a roll of {size} opened in {seconds:.1f} s; who wrote meanwhile waited {waited_seconds:.2f} s at most; "
        f"a sweep asks for {sweep_seconds:.2f} s; "
        f"as many ballots are tallied in {tally_seconds:.2f} s, and closed in {close_seconds:.1f} s"
    )
    if size != patrons or seconds > MOST_SECONDS or waited_seconds > MOST_LOCKED_SECONDS:
        raise Failed(f"It may take {MOST_SECONDS} s, and others may wait {MOST_LOCKED_SECONDS} s.")
    if tally_seconds > MOST_TALLY_SECONDS:
        raise Failed(f"The tally may take {MOST_TALLY_SECONDS} s.")


def _open(database: Database, round_id: int) -> tuple[float, float]:
    """Returns how long it took, and for how long the longest of those waited who wrote meanwhile."""
    with database.session() as session:
        account_id = session.scalars(select(Account.id).limit(1)).one()

    def touch(session: Session) -> None:
        # What an opening and other writers have in common: the round, who may vote in it, and what pages are kept by.
        locked(session, Round, round_id)
        locked(session, Account, account_id)
        bump(session)

    with Writer(database, touch) as writer, database.session() as session:
        begun = time.monotonic()
        prepared = prepare(session, session.get_one(Round, round_id), now=OPENS)
        with transaction(session):
            assert begin(session, round_id, prepared, now=OPENS)  # noqa: S101 - nothing else opens it
        seconds = time.monotonic() - begun
    return seconds, writer.longest


def _looked_over(database: Database, round_id: int) -> tuple[int, float]:
    with database.session() as session:
        round_ = session.get_one(Round, round_id)
        if not verify_roll(session, round_).opening:
            raise Failed("The hash does not follow from the roll.")
        begun = time.monotonic()
        if missing(session, round_, now=OPENS):
            raise Failed("Somebody is missing on the roll.")
        return roll_size(session, round_id), time.monotonic() - begun


def _counted(database: Database, round_id: int) -> tuple[float, float]:
    """Has everybody on the roll vote; returns how long the close takes, and the tally alone of the same ballots."""
    with database.session() as session, transaction(session):
        rolls = session.scalars(select(RollEntry.id).where(RollEntry.round_id == round_id)).all()
        topics = session.scalars(select(Topic.id).order_by(Topic.id)).all()
        insert_all(session, OpenBallot, (_ballot(roll_id) for roll_id in rolls))
        named = ((each, topics[place]) for each in rolls for place in {each % 3, each % 2})
        insert_all(session, OpenChoice, ({"ballot_id": each, "topic_id": topic, "value": 1} for each, topic in named))
        session.execute(update(RollEntry).values(voted_at=OPENS))
    database.analyze()
    begun = time.monotonic()
    with database.session() as session, transaction(session):
        assert close(session, round_id, clock=SteppedClock(OPENS + LASTS))  # noqa: S101 - nothing else closes it
    closed = time.monotonic() - begun
    with database.session() as session:
        ballots = session.scalars(select(CountedBallot.choices)).all()
    if len(ballots) != len(rolls):
        raise Failed("Not all ballots were counted.")
    begun = time.monotonic()
    tally("winter", [Contender(slug, BEGAN) for slug in TOPICS], ballots)
    return closed, time.monotonic() - begun


def _announced(database: Database) -> int:
    with database.session() as session, transaction(session):
        for slug in TOPICS:
            session.add(Topic(slug=slug, title="A topic", why="", state="shortlisted", proposed_at=BEGAN))
        session.flush()
        topics = [Candidate(slug) for slug in TOPICS]
        terms = Terms("Winter", "What next?", OPENS, OPENS + LASTS, choices=2, winners=1)
        round_ = draft(session, terms, topics, by=None, now=BEGAN)
        return announce(session, round_.id, CHECKS, by=None, now=BEGAN).id


def _fill(database: Database, patrons: int, payments: int) -> None:
    with database.session() as session, transaction(session):
        insert_all(session, Account, map(_account, range(1, patrons + 1)))
        insert_all(session, Payer, map(_payer, range(1, patrons + 1)))
        insert_all(session, Pledge, map(_pledge, range(1, patrons + 1)))
        ids = range(1, patrons * payments + 1)
        insert_all(session, Payment, (_payment(number, (number - 1) // payments + 1) for number in ids))
        insert_all(session, PaymentState, map(_state, ids))
        insert_all(session, PledgePayment, (_tie(number, (number - 1) // payments + 1) for number in ids))
    database.analyze()


def _account(number: int) -> Row:
    email = f"patron-{number}@example.org"
    known = {"id": number, "reference": f"account {number}", "email": email, "email_key": email}
    return known | {"language": "en", "link_version": 1, "created_at": BEGAN}


def _payer(number: int) -> Row:
    return {"id": number, "reference": f"payer {number}", "account_id": number, "created_at": BEGAN}


def _pledge(number: int) -> Row:
    return {
        "id": number,
        "reference": f"pledge {number}",
        "account_id": number,
        "payer_id": number,
        "subscription": f"sub_{number}",
        "cadence": "month",
        "amount_minor": 500,
        "currency": "EUR",
        "stripe_status": "active",
        "started_at": BEGAN,
        "period_end_at": OPENS + MONTH,
        "live": True,
    }


def _ballot(roll_id: int) -> Row:
    return {"id": roll_id, "roll_id": roll_id, "receipt": token_hex(10), "version": 1, "changed_at": OPENS}


def _payment(number: int, owner: int) -> Row:
    at = BEGAN + timedelta(seconds=number)
    return {
        "id": number,
        "reference": f"payment {number}",
        "payer_id": owner,
        "source": "stripe",
        "amount_minor": 500,
        "currency": "EUR",
        "state": "paid",
        "paid_at": at,
        "created_at": at,
    }


def _state(number: int) -> Row:
    return {"payment_id": number, "now": "paid", "at": BEGAN, "cause_kind": "event"}


def _tie(number: int, owner: int) -> Row:
    return {"payment_id": number, "pledge_id": owner, "period_start": BEGAN, "period_end": BEGAN + MONTH}


if __name__ == "__main__":
    main()
