"""Barring where it meets something else: somebody who is just coming onto a roll, a letter that is on its way."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.rows import claim
from membership.payments.models import Payment
from membership.topics.barring import follow_money
from membership.topics.keeping import sweep_rolls
from membership.topics.letters import send_ballot_receipt
from membership.topics.models import OpenBallot, RollEntry
from membership.topics.roll import SWEPT, join, missing, verify_roll
from membership.wiring import Seams
from tests.accounts.doors import mails
from tests.topics.people import opened, patron, reread, vote, writing

GRID = "who-repairs-the-grid"


@pytest.mark.parametrize("state", ["refunded", "disputed", "lost"])
def test_whose_money_goes_back_just_as_they_come_onto_a_roll_is_barred_by_the_next_sweep(
    database: Database, clock: SteppedClock, seams: Seams, state: str
) -> None:
    round_ = opened(database, now=clock.at)
    joiner = patron(database, "late@example.org", now=clock.at)
    with database.session() as session:
        (absent,) = missing(session, round_, now=clock.at)
    goes_back(database, absent.payment_id, state, clock)
    with writing(database) as session:
        paid = absent.payment_id
        assert join(session, round_.id, joiner.id, absent.standing, reason=SWEPT, payment_id=paid, now=clock.at)
    vote(database, round_, joiner, GRID, clock=clock)
    assert sweep_rolls(seams) == 0
    with database.session() as session:
        entry = session.scalars(select(RollEntry).where(RollEntry.account_id == joiner.id)).one()
        assert (entry.barred_why, session.scalars(select(OpenBallot.voided_at)).one()) == (state, clock.at)
        assert verify_roll(session, reread(database, round_)).opening


def test_the_sweep_bars_nobody_whose_money_stayed_or_whose_round_is_over(
    database: Database, clock: SteppedClock, seams: Seams
) -> None:
    partly, late = (patron(database, f"{name}@example.org", now=clock.at) for name in ("partly", "late"))
    round_ = opened(database, now=clock.at)
    with writing(database) as session:
        rows = {entry.account_id: entry for entry in session.scalars(select(RollEntry))}
        session.get_one(Payment, rows[partly.id].payment_id).state = "partly_refunded"
    sweep_rolls(seams)
    clock.at = round_.closes_at
    with writing(database) as session:
        session.get_one(Payment, rows[late.id].payment_id).state = "refunded"
    sweep_rolls(seams)
    with database.session() as session:
        assert set(session.scalars(select(RollEntry.barred_at))) == {None}


def test_a_letter_that_was_on_its_way_when_the_money_went_back_does_not_say_that_the_vote_counts(
    app: Flask, database: Database, clock: SteppedClock, seams: Seams
) -> None:
    voter = patron(database, "v@example.org", now=clock.at)
    round_ = opened(database, now=clock.at)
    vote(database, round_, voter, GRID, clock=clock)
    clock.advance(timedelta(minutes=10))
    with writing(database) as session:
        (task,) = claim(session, "worker", limit=20, now=clock.at)
        paid = select(RollEntry.payment_id).where(RollEntry.account_id == voter.id)
        payment_id = session.scalars(paid).one()
    goes_back(database, payment_id, "refunded", clock)
    with app.app_context():
        send_ballot_receipt(seams, task)
    assert mails(app) == []


def goes_back(database: Database, payment_id: int | None, state: str, clock: SteppedClock) -> None:
    """Does what the sync of a refund or a dispute does."""
    assert payment_id is not None
    with writing(database) as session:
        session.get_one(Payment, payment_id).state = state
        follow_money(session, payment_id, state, now=clock.at)
