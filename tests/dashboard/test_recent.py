"""What came in: the newest payments, those of today, those that wait."""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from membership.dashboard.month import day_of
from membership.dashboard.recent import MOST_ROWS, CameIn, came_in, newest, waiting
from membership.db import Database
from membership.money import Money
from membership.payments.models import Attempt
from tests.dashboard.planting import KYIV, kyiv, patron, payment, writing

FIVE = Money(500, "EUR")


def test_the_ten_newest_that_succeeded_are_listed(database: Database, session: Session) -> None:
    with writing(database) as write:
        for minute in range(MOST_ROWS + 2):
            payment(write, FIVE, kyiv(11, 22, 10, minute))
        payment(write, FIVE, kyiv(11, 22, 11), "failed")
        payment(write, FIVE, kyiv(11, 22, 11), "pending")

    assert [row.at for row in newest(session)] == [kyiv(11, 22, 10, 11 - minute) for minute in range(MOST_ROWS)]


def test_a_refunded_payment_stays_in_the_list(database: Database, session: Session) -> None:
    with writing(database) as write:
        payment(write, FIVE, kyiv(11, 22), "refunded")

    assert [row.state for row in newest(session)] == ["refunded"]


def test_a_payment_is_told_by_its_cadence(database: Database, session: Session) -> None:
    with writing(database) as write:
        payment(write, FIVE, kyiv(11, 1))
        patron(write, "a@example.org", Money(6000, "EUR"), kyiv(11, 2), cadence="year")
        begun = payment(write, FIVE, kyiv(11, 3))
        begun.attempt_id = attempt(write, "month", kyiv(11, 3)).id

    assert [row.cadence for row in newest(session)] == ["month", "year", "once"]


def attempt(session: Session, cadence: str, at: datetime) -> Attempt:
    row = Attempt(
        reference=str(uuid4()),
        token_hash=uuid4().hex,
        revision=1,
        cadence=cadence,
        amount=FIVE,
        language="en",
        created_at=at,
        expires_at=at + timedelta(minutes=31),
    )
    session.add(row)
    session.flush()
    return row


def test_today_is_the_newsrooms_day_and_each_currency_is_told_apart(database: Database, session: Session) -> None:
    with writing(database) as write:
        payment(write, FIVE, kyiv(11, 21, 23, 59, 59))
        payment(write, FIVE, kyiv(11, 22, 0))
        payment(write, Money(725, "EUR"), kyiv(11, 22, 23, 59, 59))
        payment(write, Money(40000, "UAH"), kyiv(11, 22, 9))
        payment(write, FIVE, kyiv(11, 22, 9), "pending")
        payment(write, FIVE, kyiv(11, 23, 0))

    found = came_in(session, day_of(kyiv(11, 22), KYIV))

    assert found == (CameIn(2, Money(1225, "EUR")), CameIn(1, Money(40000, "UAH")))


def test_what_waits_is_counted_and_the_oldest_comes_first(database: Database, session: Session) -> None:
    with writing(database) as write:
        payment(write, FIVE, kyiv(11, 22), "pending")
        payment(write, FIVE, kyiv(11, 20), "pending")
        payment(write, FIVE, kyiv(11, 19))

    found = waiting(session)

    assert (found.count, [row.at for row in found.rows]) == (2, [kyiv(11, 20), kyiv(11, 22)])
