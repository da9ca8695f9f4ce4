"""Whose money goes back before the close has no vote, and has it again if the money comes back."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.clock import SteppedClock
from membership.topics.keeping import close_due
from membership.topics.models import OpenBallot, RollEntry, Round
from membership.topics.results import Results, results_of
from membership.topics.roll import verify_roll
from tests.behaviours.acts import console, pledged, signed_in
from tests.behaviours.test_money_back import decided, last_intent
from tests.money import World
from tests.support.test_help import asks, link
from tests.topics.people import opened, patrons, reread, vote

GRID = "who-repairs-the-grid"
BALLOT = "/rounds/winter-energy/ballot"


@pytest.fixture
def round_(newsroom: World) -> Round:
    """An open round, and a patron who came onto its roll by paying."""
    others = patrons(newsroom.database, 6, now=newsroom.clock.now())
    round_ = opened(newsroom.database, now=newsroom.clock.now())
    for each in others:
        vote(newsroom.database, round_, each, GRID, clock=newsroom.clock)
    pledged(newsroom)
    return round_


@pytest.fixture
def voter(newsroom: World, round_: Round) -> FlaskClient:
    """The browser of that patron, who has voted."""
    client = signed_in(newsroom)
    assert client.post(BALLOT, data={"version": "0", "choices": GRID}).status_code == 303
    return client


def test_a_refund_before_the_close_takes_the_vote_and_the_result_says_how_many(
    newsroom: World, round_: Round, voter: FlaskClient
) -> None:
    newsroom.api.v1.refunds.create({"payment_intent": last_intent(newsroom)})
    newsroom.settle()
    assert place(newsroom) == ("refunded", True)
    page = voter.get(BALLOT)
    assert (page.status_code, "went back" in page.text, "vote today" in page.text) == (403, True, False)
    assert "went back" in voter.get("/account/votes").text
    results = closed(newsroom, round_)
    assert (results.turnout, results.voided, results.roll_size) == (6, 1, 10)
    # The row stays in the hash.
    with newsroom.session() as session:
        check = verify_roll(session, reread(newsroom.database, round_))
    assert (check.opening, check.final) == (True, True)
    assert newsroom.letters("Your vote in") == []


def test_a_part_that_goes_back_takes_no_vote(newsroom: World, round_: Round, voter: FlaskClient) -> None:
    newsroom.api.v1.refunds.create({"payment_intent": last_intent(newsroom), "amount": 499})
    newsroom.settle()
    assert place(newsroom) == (None, False)


@pytest.mark.parametrize(("evidence", "kept"), [("winning_evidence", True), ("losing_evidence", False)])
def test_a_disputed_payment_takes_the_vote_and_only_a_won_one_gives_it_back(
    newsroom: World, round_: Round, voter: FlaskClient, evidence: str, kept: bool
) -> None:
    console(newsroom, "disputes", {"payment_intent": last_intent(newsroom)})
    newsroom.settle()
    assert place(newsroom) == ("disputed", True)
    decided(newsroom, evidence)
    assert place(newsroom) == ((None, False) if kept else ("disputed", True))
    assert voter.get(BALLOT).status_code == (200 if kept else 403)
    results = closed(newsroom, round_)
    assert (results.turnout, results.voided) == ((7, 0) if kept else (6, 1))


def test_a_won_dispute_brings_onto_the_roll_who_was_not_on_it(newsroom: World) -> None:
    pledged(newsroom)
    console(newsroom, "disputes", {"payment_intent": last_intent(newsroom)})
    newsroom.settle()
    round_ = opened(newsroom.database, now=newsroom.clock.now())
    assert signed_in(newsroom).get(BALLOT).status_code == 403
    with newsroom.session() as session:
        before = len(session.scalars(select(RollEntry.id).where(RollEntry.round_id == round_.id)).all())
    decided(newsroom, "winning_evidence")
    with newsroom.session() as session:
        after = session.scalars(select(RollEntry).where(RollEntry.round_id == round_.id)).all()
    assert len(after) == before + 1


def test_what_goes_back_after_the_close_changes_nothing(newsroom: World, round_: Round, voter: FlaskClient) -> None:
    before = closed(newsroom, round_)
    newsroom.api.v1.refunds.create({"payment_intent": last_intent(newsroom)})
    newsroom.settle()
    with newsroom.session() as session:
        assert results_of(session, reread(newsroom.database, round_)) == before
    assert (before.turnout, before.voided) == (7, 0)


def test_a_withdrawn_payment_takes_the_vote_before_stripe_has_heard(
    newsroom: World, round_: Round, voter: FlaskClient
) -> None:
    withdraw = link(asks(newsroom, "withdraw"), "withdraw")
    assert newsroom.browser().post(withdraw).status_code == 303
    assert place(newsroom) == ("withdrawn", True)
    newsroom.work()
    newsroom.settle()
    assert place(newsroom) == ("withdrawn", True)
    assert voter.get(BALLOT).status_code == 403
    results = closed(newsroom, round_)
    assert (results.turnout, results.voided) == (6, 1)


def test_a_withdrawal_that_stripe_refuses_takes_no_vote(newsroom: World, round_: Round, voter: FlaskClient) -> None:
    withdraw = link(asks(newsroom, "withdraw"), "withdraw")
    newsroom.api.v1.refunds.create({"payment_intent": last_intent(newsroom), "amount": 200})
    assert newsroom.browser().post(withdraw).status_code == 303
    assert place(newsroom) == ("withdrawn", True)
    newsroom.work()
    assert place(newsroom) == (None, False)
    assert voter.get(BALLOT).status_code == 200


def place(newsroom: World) -> tuple[str | None, bool]:
    """Why the patron who came last is barred, if so, and whether their ballot is void."""
    with newsroom.session() as session:
        entry = session.scalars(select(RollEntry).order_by(RollEntry.id.desc()).limit(1)).one()
        voided_at = session.scalars(select(OpenBallot.voided_at).where(OpenBallot.roll_id == entry.id)).one()
    assert (entry.barred_at is None) == (entry.barred_why is None)
    return entry.barred_why, voided_at is not None


def closed(newsroom: World, round_: Round) -> Results:
    """Lets the round close, and returns its result."""
    close_due(newsroom.database, SteppedClock(round_.closes_at))
    with newsroom.session() as session:
        return results_of(session, reread(newsroom.database, round_))
