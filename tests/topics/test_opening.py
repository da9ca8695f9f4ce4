"""The opening of a round by the clock: who comes onto its roll, as what, and on which payment that rests."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database, locked
from membership.errors import Refusal, WrongState
from membership.money import Money
from membership.patrons.entitlements import changes, compute
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.who import Donors
from membership.payments.models import Attempt, Payer, Payment, PaymentState
from membership.topics import opening
from membership.topics.announcing import CHECKS, announce
from membership.topics.calling_off import call_off
from membership.topics.drafting import draft, redraft
from membership.topics.keeping import close_due, keep_rounds, open_due, seal_due, sweep_rolls
from membership.topics.models import RollEntry, Round, RoundTopic, Topic
from membership.topics.opening import begin, prepare
from membership.topics.roll import verify_roll
from membership.topics.round_terms import Candidate, Terms, months_before
from membership.wiring import Seams
from tests.accounts.doors import accounts, ask, code_in, mails, post_code
from tests.topics.people import TITLES, WEEK, at_once, give, lapse, patron, reader, reread, shortlisted, writing

DAY = timedelta(days=1)


def terms_at(opens_at: datetime, **changes: object) -> Terms:
    values: dict[str, object] = {"opens_at": opens_at, "closes_at": opens_at + WEEK, "choices": 2, "winners": 1}
    return Terms("Winter", "What next?", **(values | changes))  # type: ignore[arg-type]  # names are those of Terms


def announced(database: Database, *, now: datetime, **changes: object) -> Round:
    """Announces a round over three topics; it opens in a day."""
    topics = [Candidate(topic.slug) for topic in shortlisted(database, TITLES[:3], now=now)]
    with writing(database) as session:
        round_ = draft(session, terms_at(now + DAY, **changes), topics, by=None, now=now)
        return announce(session, round_.id, CHECKS, by=None, now=now)


def gift(session: Session, account: Account | None, *, at: datetime, minor: int = 500, state: str = "paid") -> Payment:
    """Plants a single gift, as if it had been given by an account, or by a guest."""
    payer = Payer(reference=str(uuid4()), account_id=account and account.id, created_at=at)
    attempt = Attempt(
        reference=str(uuid4()),
        token_hash=str(uuid4()),
        revision=1,
        cadence="once",
        amount=Money(500, "EUR"),
        state="paid",
        language="en",
        created_at=at,
        expires_at=at,
    )
    session.add_all([payer, attempt])
    session.flush()
    payment = Payment(
        reference=str(uuid4()),
        attempt_id=attempt.id,
        payer_id=payer.id,
        source="stripe",
        amount=Money(minor, "EUR"),
        state=state,
        paid_at=at,
        created_at=at,
    )
    session.add(payment)
    session.flush()
    return payment


def _roll(database: Database, round_: Round) -> dict[int | None, RollEntry]:
    with database.session() as session:
        entries = session.scalars(select(RollEntry).where(RollEntry.round_id == round_.id))
        return {entry.account_id: entry for entry in entries}


def test_a_round_opens_by_the_clock_with_its_roll_and_not_before(
    database: Database, clock: SteppedClock, seams: Seams
) -> None:
    late = patron(database, "late@example.org", now=clock.at)
    round_ = announced(database, now=clock.at)
    assert (keep_rounds(seams), _roll(database, round_)) == (0, {})
    clock.at = round_.opens_at + timedelta(seconds=3)
    assert [open_due(database, clock), open_due(database, clock)] == [1, 0]
    opened = reread(database, round_)
    assert opened.opens_at == round_.opens_at
    assert _roll(database, round_)[late.id].added_at == clock.at
    with database.session() as session:
        assert verify_roll(session, opened).opening


def test_each_entry_names_the_payment_that_its_standing_rests_on(
    database: Database, clock: SteppedClock, seams: Seams
) -> None:
    early = patron(database, "early@example.org", now=clock.at)
    round_ = announced(database, now=clock.at)
    clock.at = round_.opens_at
    open_due(database, clock)
    swept = patron(database, "swept@example.org", now=clock.at)
    sweep_rolls(seams)
    entries = _roll(database, round_)
    for account in (early, swept):
        with database.session() as session:
            tie = session.get_one(PledgePayment, entries[account.id].payment_id)
            assert session.get_one(Pledge, tie.pledge_id).account_id == account.id


def test_a_round_whose_close_passed_while_no_worker_ran_is_taken_back(database: Database, clock: SteppedClock) -> None:
    round_ = announced(database, now=clock.at)
    clock.at = round_.closes_at
    assert [open_due(database, clock), seal_due(database, clock), close_due(database, clock)] == [0, 0, 0]
    assert reread_draft(database).announced_at is None
    with database.session() as session:
        assert set(session.scalars(select(Topic.state))) == {"shortlisted"}


def reread_draft(database: Database) -> Round:
    with database.session() as session:
        return session.scalars(select(Round)).one()


def test_three_openers_at_once_open_once(database: Database, clock: SteppedClock) -> None:
    patron(database, "one@example.org", now=clock.at)
    round_ = announced(database, now=clock.at)
    clock.at = round_.opens_at

    def by_hand() -> object:
        with database.session() as session:
            prepared = prepare(session, round_, now=clock.at)
        with writing(database) as session:
            return begin(session, round_.id, prepared, now=clock.at)

    answers = at_once([by_hand, lambda: bool(open_due(database, clock)), by_hand])
    assert (answers.count(True), answers.count(False)) == (1, 2)
    assert len(_roll(database, round_)) == 4


def test_a_round_that_is_called_off_while_its_roll_is_written_has_no_roll(
    database: Database, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    patron(database, "one@example.org", now=clock.at)
    round_ = announced(database, now=clock.at)
    clock.at = round_.opens_at

    def locked_too_late(session: Session, model: type[Round], key: int) -> Round | None:
        call_off(session, key, "Nobody can go there.", by=None, now=clock.at)
        return locked(session, model, key)

    monkeypatch.setattr(opening, "locked", locked_too_late)
    with writing(database) as session:
        assert not begin(session, round_.id, prepare(session, round_, now=clock.at), now=clock.at)
    assert (_roll(database, round_), reread(database, round_).roll_hash_open) == ({}, None)


def test_a_draft_that_is_edited_while_it_is_announced_stays_one_thing(database: Database, clock: SteppedClock) -> None:
    slugs = [topic.slug for topic in shortlisted(database, TITLES, now=clock.at)]
    terms = terms_at(clock.at + DAY)
    with writing(database) as session:
        round_ = draft(session, terms, [Candidate(slug) for slug in slugs[:3]], by=None, now=clock.at)

    def edits() -> object:
        try:
            with writing(database) as session:
                redraft(session, round_.id, terms, [Candidate(each) for each in slugs[1:]], by=None, now=clock.at)
        except WrongState:
            return "refused"
        return "edited"

    def announces() -> object:
        with writing(database) as session:
            announce(session, round_.id, CHECKS, by=None, now=clock.at)
        return "announced"

    edited, said = at_once([edits, announces])
    with database.session() as session:
        of_round = set(session.scalars(select(Topic.slug).join(RoundTopic, RoundTopic.topic_id == Topic.id)))
        assert of_round == set(session.scalars(select(Topic.slug).where(Topic.state == "in_round")))
    assert (said, of_round) == ("announced", set(slugs[1:] if edited == "edited" else slugs[:3]))


def test_a_round_promises_no_opening_in_the_past(database: Database, clock: SteppedClock) -> None:
    topics = [Candidate(topic.slug) for topic in shortlisted(database, TITLES[:3], now=clock.at)]
    with writing(database) as session:
        round_ = draft(session, terms_at(clock.at), topics, by=None, now=clock.at)
    with pytest.raises(Refusal, match="has passed"), writing(database) as session:
        announce(session, round_.id, CHECKS, by=None, now=clock.at)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rounds SET winners = 2",
        "UPDATE rounds SET closes_at = joins_until",
        "UPDATE rounds SET donor_months = 3",
        "UPDATE round_topics SET who = 'Nobody'",
        "DELETE FROM round_topics",
        "DELETE FROM rounds",
    ],
)
def test_the_database_itself_keeps_what_an_open_round_promised(
    database: Database, clock: SteppedClock, statement: str
) -> None:
    announced(database, closes_at=clock.at + 30 * DAY, now=clock.at)
    clock.at += DAY
    open_due(database, clock)
    with pytest.raises(DatabaseError, match="promised"), writing(database) as session:
        session.execute(text(statement))


def test_standings_that_changed_since_they_were_computed_are_computed_again(database: Database, now: datetime) -> None:
    stays, leaves = (patron(database, f"{name}@example.org", now=now) for name in ("stays", "leaves"))
    comes, gives, gave = (reader(database, f"{name}@example.org", now=now) for name in ("comes", "gives", "gave"))
    donors = Donors(now - DAY, now + WEEK)
    with writing(database) as session:
        back = gift(session, gave, at=now)
    with database.session() as session:
        before = compute(session, donors=donors, now=now)
    assert before.found.keys() == {stays.id, leaves.id, gave.id}
    with writing(database) as session:
        lapse(session, leaves, now=now)
        give(session, comes, now=now)
        fresh, payment = gift(session, gives, at=now), session.get_one(Payment, back.id)
        payment.state = "refunded"
        session.add_all(
            PaymentState(payment_id=each.id, was="paid", now=each.state, at=now, cause_kind="event")
            for each in (fresh, payment)
        )
    with database.session() as session:
        after, changed = compute(session, donors=donors, now=now), changes(session, before)
        assert changed.keys() == {leaves.id, comes.id, gives.id, gave.id}
        assert (changed[leaves.id], changed[gave.id]) == (None, None)
        now_found = {**before.found, **changed}
        assert {account_id: each for account_id, each in now_found.items() if each} == after.found
        assert after.found.keys() == {stays.id, comes.id, gives.id}


def test_who_came_or_went_while_the_roll_was_prepared_stands_on_it_as_they_are(
    database: Database, clock: SteppedClock
) -> None:
    stays, leaves = (patron(database, f"{name}@example.org", now=clock.at) for name in ("stays", "leaves"))
    comes = reader(database, "comes@example.org", now=clock.at)
    round_ = announced(database, now=clock.at)
    clock.at = round_.opens_at
    with database.session() as session:
        prepared = prepare(session, round_, now=clock.at)
    with writing(database) as session:
        lapse(session, leaves, now=clock.at)
        give(session, comes, now=clock.at)
    with writing(database) as session:
        assert begin(session, round_.id, prepared, now=clock.at)
    on_it = _roll(database, round_).keys()
    assert on_it & {stays.id, leaves.id, comes.id} == {stays.id, comes.id}
    with database.session() as session:
        assert verify_roll(session, reread(database, round_)).opening


def test_donors_of_the_last_months_are_admitted_where_a_round_says_so(
    database: Database, clock: SteppedClock, seams: Seams
) -> None:
    recent, long_ago, refunded, nothing = (
        reader(database, f"{name}@example.org", now=clock.at) for name in ("recent", "long", "back", "none")
    )
    round_ = announced(database, donor_months=3, now=clock.at)
    first_day = months_before(round_.opens_at, 3)
    with writing(database) as session:
        payment = gift(session, recent, at=first_day)
        gift(session, long_ago, at=first_day - timedelta(seconds=1))
        gift(session, refunded, at=clock.at, state="refunded")
        gift(session, nothing, at=clock.at, minor=0)
    clock.at = round_.opens_at
    open_due(database, clock)
    sweep_rolls(seams)
    entries = _roll(database, round_)
    assert {long_ago.id, refunded.id, nothing.id}.isdisjoint(entries)
    assert (entries[recent.id].standing, entries[recent.id].payment_id) == ("donor", payment.id)


def test_no_donor_votes_in_a_round_for_patrons(database: Database, clock: SteppedClock, seams: Seams) -> None:
    donor = reader(database, "donor@example.org", now=clock.at)
    with writing(database) as session:
        gift(session, donor, at=clock.at)
    round_ = announced(database, now=clock.at)
    clock.at = round_.opens_at
    open_due(database, clock)
    sweep_rolls(seams)
    assert donor.id not in _roll(database, round_)


def test_a_donor_without_an_account_joins_by_signing_in(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = announced(database, donor_months=1, now=clock.at)
    clock.at = round_.opens_at
    open_due(database, clock)
    with writing(database) as session:
        guest = session.get_one(Payer, gift(session, None, at=clock.at).payer_id)
        guest.email = guest.email_key = "donor@example.org"
    request_id = ask(client, "donor@example.org")
    assert post_code(client, request_id, code_in(mails(app)[-1])).status_code == 303
    entry = _roll(database, round_)[accounts(database)["donor@example.org"].id]
    assert (entry.standing, entry.reason) == ("donor", "joined")
    assert "Choose up to 2 of 3" in client.get("/rounds/winter/ballot").text


@pytest.mark.parametrize(
    ("at", "months", "before"),
    [
        ("2026-05-31T09:00", 3, "2026-02-28T09:00"),
        ("2024-03-31T23:59", 1, "2024-02-29T23:59"),
        ("2026-01-15T00:00", 1, "2025-12-15T00:00"),
        ("2026-12-31T12:00", 24, "2024-12-31T12:00"),
    ],
)
def test_months_are_counted_back_by_the_calendar(at: str, months: int, before: str) -> None:
    moment = datetime.fromisoformat(f"{at}:00+00:00")
    assert months_before(moment, months) == datetime.fromisoformat(f"{before}:00+00:00")
