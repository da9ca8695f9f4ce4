"""The statement of a year: money to the cent, rounds with what came of them, and never a choice."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.money import Money
from membership.newsroom.words import UNNAMED, keep
from membership.patrons.models import Pledge, PledgePayment
from membership.topics.answering import decline
from membership.topics.keeping import close_due
from membership.topics.models import RollEntry, Topic
from membership.topics.promises import publish
from tests.accounts.doors import sign_in
from tests.support.years import GRID, MARCH, article, lost, paid, refunded, round_of
from tests.topics.aftermath import does
from tests.topics.people import give, opened, patrons, vote, writing


@pytest.fixture
def owner(client: FlaskClient, clock: SteppedClock) -> Account:
    return sign_in(client, "ada@example.org", now=clock.at)


def test_without_anything_there_is_no_statement_and_the_way_to_one(client: FlaskClient, owner: Account) -> None:
    page = client.get("/account/statements")
    assert (page.status_code, "No statement yet" in page.text) == (200, True)
    for year in ("2026", "1", "99999999", "-1", "now"):
        assert client.get(f"/account/statements/{year}").status_code == 404


def test_each_currency_has_its_own_sums(client: FlaskClient, database: Database, owner: Account) -> None:
    with writing(database) as session:
        paid(session, owner, Money(700, "EUR"), MARCH, receipt=12)
        paid(session, owner, Money(350, "EUR"), MARCH + timedelta(days=31), receipt=13)
        paid(session, owner, Money(1500, "JPY"), MARCH, receipt=14)
        paid(session, owner, Money(99_900, "EUR"), MARCH, state="failed")
        paid(session, owner, Money(88_800, "EUR"), MARCH + timedelta(days=365), receipt=1)
    page = client.get("/account/statements/2025").text
    assert [written in page for written in ("€10.50", "¥1,500", "2025-00012", "2025-00013", "2025-00014")] == [True] * 5
    assert [written in page for written in ("999.00", "888.00", "Given back")] == [False] * 3


def test_what_went_back_is_taken_off(client: FlaskClient, database: Database, owner: Account) -> None:
    with writing(database) as session:
        whole = paid(session, owner, Money(1000, "EUR"), MARCH, state="partly_refunded", receipt=1)
        refunded(session, whole, Money(300, "EUR"), MARCH + timedelta(days=2), number=7)
        refunded(session, whole, Money(444, "EUR"), MARCH + timedelta(days=3), state="failed")
        taken = paid(session, owner, Money(500, "EUR"), MARCH, state="lost", receipt=2)
        session.add(lost(taken, MARCH + timedelta(days=60)))
    page = client.get("/account/statements/2025").text
    written = ("€15.00", "€8.00", "€7.00", "C-2025-00007", "Taken back by the bank")
    assert [each for each in written if each not in page] == []
    assert "4.44" not in page


def test_a_year_is_one_of_the_newsroom_s_zone(client: FlaskClient, database: Database, owner: Account) -> None:
    with writing(database) as session:
        in_kyiv = {**UNNAMED.__dict__, "currencies": ["EUR"], "time_zone": "Europe/Kyiv"}
        keep(session, "newsroom", in_kyiv, now=MARCH)
        paid(session, owner, Money(500, "EUR"), datetime(2025, 12, 31, 23, 30, tzinfo=UTC), receipt=1)
    assert client.get("/account/statements/2025").status_code == 404
    assert client.get("/account/statements/2026").status_code == 200


def test_what_goes_back_in_the_next_year_stands_there_with_the_day_on_which_it_came(
    client: FlaskClient, database: Database, owner: Account
) -> None:
    with writing(database) as session:
        whole = paid(session, owner, Money(1000, "EUR"), MARCH, state="partly_refunded", receipt=1)
        refunded(session, whole, Money(333, "EUR"), MARCH + timedelta(days=365), number=1)
    before, after = (client.get(f"/account/statements/{year}").text for year in (2025, 2026))
    assert ["€10.00" in before, "Given back" in before] == [True, False]
    assert [each in after for each in ("€0.00", "More back than given", "€3.33", "14 March 2025")] == [True] * 4
    assert "-€" not in after


def test_a_dispute_takes_nothing_until_it_is_lost(client: FlaskClient, database: Database, owner: Account) -> None:
    with writing(database) as session:
        open_, won = (paid(session, owner, Money(500, "EUR"), MARCH, state=state) for state in ("disputed", "paid"))
        for payment, state in ((open_, "needs_response"), (won, "won")):
            dispute = lost(payment, MARCH + timedelta(days=60))
            dispute.state = state
            session.add(dispute)
    page = client.get("/account/statements/2025").text
    assert ["€10.00" in page, "Given back" in page] == [True, False]
    assert page.count("Disputed") == 1


def test_what_was_lost_before_the_new_year_began_in_utc_is_of_the_newsroom_s_year(
    client: FlaskClient, database: Database, owner: Account
) -> None:
    eve = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    with writing(database) as session:
        in_kyiv = {**UNNAMED.__dict__, "currencies": ["EUR"], "time_zone": "Europe/Kyiv"}
        keep(session, "newsroom", in_kyiv, now=MARCH)
        taken = paid(session, owner, Money(500, "EUR"), MARCH, state="lost", receipt=1)
        session.add(lost(taken, eve))
        whole = paid(session, owner, Money(700, "EUR"), MARCH, state="partly_refunded", receipt=2)
        refunded(session, whole, Money(100, "EUR"), eve)
        refunded(session, whole, Money(200, "EUR"), eve - timedelta(hours=2))
    before, after = (client.get(f"/account/statements/{year}").text for year in (2025, 2026))
    assert [each in before for each in ("€12.00", "€2.00", "€10.00")] == [True] * 3
    assert "Taken back" not in before
    assert [each in after for each in ("€5.00", "€1.00", "€6.00", "Taken back by the bank")] == [True] * 4


def test_a_payment_is_called_what_it_was_when_it_came(client: FlaskClient, database: Database, owner: Account) -> None:
    with writing(database) as session:
        give(session, owner, now=MARCH)
        pledge = session.scalars(select(Pledge).where(Pledge.account_id == owner.id)).one()
        pledge.cadence = "year"
        for start, days in ((MARCH, 31), (MARCH + timedelta(days=31), 365)):
            payment = paid(session, owner, Money(500, "EUR"), start)
            period = {"period_start": start, "period_end": start + timedelta(days=days)}
            session.add(PledgePayment(payment_id=payment.id, pledge_id=pledge.id, **period))
    page = client.get("/account/statements/2025").text
    assert [page.count(each) for each in ("Monthly support", "Yearly support")] == [1, 1]


def test_it_is_only_one_s_own(client: FlaskClient, database: Database, owner: Account, now: datetime) -> None:
    (other,) = patrons(database, 1, now=now)
    with writing(database) as session:
        paid(session, other, Money(500, "EUR"), now, receipt=1)
    assert client.get(f"/account/statements/{now.year}").status_code == 404
    client.post("/sign-out")
    assert client.get(f"/account/statements/{now.year}").status_code == 303


def test_a_round_tells_what_came_of_it_and_nobody_s_choice(
    client: FlaskClient, database: Database, owner: Account, clock: SteppedClock
) -> None:
    year = clock.at.year
    round_ = round_of(database, owner, clock=clock)
    open_page = client.get(f"/account/statements/{year}").text
    assert "open until" in open_page
    clock.at = round_.closes_at
    close_due(database, clock)
    page = client.get(f"/account/statements/{year}").text
    assert "You voted in 1 round." in page
    assert "Chosen: Who repairs the grid?" in page
    assert "No article yet." in page
    assert "rubble" not in (page + open_page).lower()
    with writing(database) as session:
        session.add(article(session, "The linemen", now=clock.at))
        session.add(article(session, "Not out yet", now=clock.at + timedelta(days=1)))
    told = client.get(f"/account/statements/{year}").text
    assert '<a href="/articles/the-linemen">The linemen</a>' in told
    assert "Not out yet" not in told


def test_a_vote_that_was_not_counted_says_so(
    client: FlaskClient, database: Database, owner: Account, clock: SteppedClock
) -> None:
    with writing(database) as session:
        give(session, owner, now=clock.at)
    round_ = opened(database, now=clock.at)
    vote(database, round_, owner, GRID, clock=clock)
    with writing(database) as session:
        entry = session.scalars(select(RollEntry).where(RollEntry.account_id == owner.id)).one()
        entry.barred_at, entry.barred_why = clock.at, "money_back"
    assert "Your vote was not counted" in client.get(f"/account/statements/{clock.at.year}").text


def test_of_an_open_round_it_does_not_say_that_ballots_are_secret(
    client: FlaskClient, database: Database, owner: Account, clock: SteppedClock
) -> None:
    with writing(database) as session:
        give(session, owner, now=clock.at)
    vote(database, opened(database, secret=False, now=clock.at), owner, GRID, clock=clock)
    page = client.get(f"/account/statements/{clock.at.year}").text
    assert "What you chose does not stand here." in page
    assert "ballots are secret" not in page


def test_what_came_of_a_round_elsewhere_or_was_declined_after_all_is_told(
    client: FlaskClient, database: Database, owner: Account, clock: SteppedClock
) -> None:
    round_ = round_of(database, owner, clock=clock)
    clock.at = round_.closes_at
    close_due(database, clock)
    path = f"/account/statements/{clock.at.year}"
    does(database, decline, "The archive burned.", now=clock.at)
    assert "Declined after it was chosen: The archive burned." in client.get(path).text
    with writing(database) as session:
        session.execute(update(Topic).where(Topic.slug == GRID).values(state="reporting"))
    does(database, publish, "https://example.org/grid", "The grid, elsewhere", now=clock.at)
    page = client.get(path).text
    assert '<a href="https://example.org/grid">The grid, elsewhere</a>' in page
    assert "No article yet." not in page
