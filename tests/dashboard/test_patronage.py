"""Who pays, who came, who left, counted by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.dashboard.mrr import mrr
from membership.dashboard.patronage import MOST_ROWS, came, is_paying, promises, went
from membership.db import Database
from membership.money import Money
from membership.patrons.models import Pledge
from membership.patrons.who import standing_of
from tests.dashboard.planting import ended, kyiv, month, patron, pay, pledge, writing

FIVE = Money(500, "EUR")
DUPLICATE = {"live": False, "why": "duplicate"}
HOUR = timedelta(hours=1)


def counted(session: Session, *, now: datetime) -> dict[tuple[str, Money], int]:
    return {(each.cadence, each.amount): each.count for each in promises(session, now=now)}


def test_patrons_are_grouped_by_what_they_promise(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        patron(write, "a@example.org", FIVE, kyiv(9, 1))
        patron(write, "b@example.org", FIVE, kyiv(10, 1))
        patron(write, "c@example.org", Money(6000, "EUR"), kyiv(3, 1), cadence="year")
        patron(write, "d@example.org", Money(1500, "JPY"), kyiv(11, 1))

    found = promises(session, now=now)

    assert counted(session, now=now) == {
        ("month", FIVE): 2,
        ("year", Money(6000, "EUR")): 1,
        ("month", Money(1500, "JPY")): 1,
    }
    assert mrr((each.cadence, each.amount, each.count) for each in found) == (Money(1500, "EUR"), Money(1500, "JPY"))


SKIPPING = {"paused_since": -HOUR, "pause_kind": "skip", "paused_until": +HOUR}
FAILING = {"stripe_status": "past_due", "grace_until": +HOUR}
CASES: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "live": ({}, True, True),
    "trialing with money": ({"stripe_status": "trialing"}, True, True),
    "never paid": ({}, False, False),
    "in grace": ({"stripe_status": "past_due", "grace_until": +HOUR}, True, True),
    "grace over": ({"stripe_status": "past_due", "grace_until": -HOUR}, True, False),
    "past due without grace": ({"stripe_status": "past_due"}, True, False),
    "ending later": ({"cancel_at": +HOUR}, True, True),
    "end has passed": ({"cancel_at": -HOUR}, True, False),
    "unpaid": ({"stripe_status": "unpaid"}, True, False),
    "cancelled": ({"stripe_status": "canceled", "ended_at": -HOUR}, True, False),
    "duplicate": (DUPLICATE, True, False),
    "unpaid in grace": ({"stripe_status": "unpaid", "grace_until": +HOUR}, True, True),
    "in grace, and to be stopped before": (FAILING | {"cancel_at": -HOUR}, True, False),
    "skipping": (SKIPPING, True, True),
    "skipping, and it is over": (SKIPPING | {"paused_until": -HOUR}, True, True),
    "skipping a charge that failed": (SKIPPING | {"stripe_status": "past_due"}, True, True),
    "skipping what failed, and to be stopped": (
        SKIPPING | {"stripe_status": "past_due", "cancel_at": +HOUR},
        True,
        False,
    ),
    "skipping without an end": (SKIPPING | {"paused_until": None}, True, False),
    "skipping, unpaid": (SKIPPING | {"stripe_status": "unpaid"}, True, False),
    "paused": (SKIPPING | {"pause_kind": "pause"}, True, False),
    "paused in grace": (SKIPPING | FAILING | {"pause_kind": "pause"}, True, False),
    "paused, and it is over": (SKIPPING | {"pause_kind": "pause", "paused_until": -HOUR}, True, True),
    "paused by somebody at Stripe": ({"paused_since": -HOUR}, True, False),
    "a status of tomorrow": ({"stripe_status": "hibernating"}, True, False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_paying_patron_is_one_whose_standing_says_so(
    name: str, database: Database, session: Session, now: datetime
) -> None:
    changes, has_paid, expected = CASES[name]
    dated = {key: now + value if isinstance(value, timedelta) else value for key, value in changes.items()}
    with writing(database) as write:
        row = pledge(write, "a@example.org", FIVE, kyiv(10, 1), **dated)
        if has_paid:
            pay(write, row, kyiv(10, 1))

    assert (session.scalar(select(Pledge.id).where(is_paying(now))) is not None) == expected
    assert standing_of(session, row.account_id, now=now).is_patron == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("partly_refunded",), True),
        (("refunded",), False),
        (("disputed",), False),
        (("lost",), False),
        (("refunded", "paid"), True),
        (("lost", "paid"), True),
        (("disputed", "paid"), False),
        (("paid", "refunded"), False),
        (("paid", "lost"), False),
        (("paid", "pending"), True),
    ],
)
def test_who_pays_rests_on_the_money_that_came_last_and_on_no_dispute(
    states: tuple[str, ...], expected: bool, database: Database, session: Session, now: datetime
) -> None:
    with writing(database) as write:
        row = pledge(write, "a@example.org", FIVE, kyiv(9, 1))
        for number, state in enumerate(states):
            pay(write, row, kyiv(9 + number, 1), state=state)

    assert (session.scalar(select(Pledge.id).where(is_paying(now))) is not None) == expected
    stands = standing_of(session, row.account_id, now=now)
    why = "disputed" if "disputed" in states or states[-1] == "lost" else "money_back"
    assert (stands.is_patron, stands.kind) == (expected, "live" if expected else why)


def test_a_payment_of_nothing_makes_no_patron(database: Database, session: Session, now: datetime) -> None:
    with writing(database) as write:
        row = pledge(write, "a@example.org", FIVE, kyiv(11, 1))
        pay(write, row, kyiv(11, 1), Money(0, "EUR"))
        pay(write, row, kyiv(11, 2), state="pending")

    assert counted(session, now=now) == {}
    assert came(session, month(11)).count == 0


def test_a_pledge_is_new_in_the_month_of_its_first_payment(database: Database, session: Session) -> None:
    with writing(database) as write:
        old = patron(write, "old@example.org", FIVE, kyiv(10, 3))
        pay(write, old, kyiv(11, 3))
        late = pledge(write, "late@example.org", FIVE, kyiv(10, 30))
        pay(write, late, kyiv(11, 2))
        pay(write, late, kyiv(11, 3))

    found = came(session, month(11))

    assert (found.count, [row.at for row in found.rows]) == (1, [kyiv(11, 2)])
    assert came(session, month(10)).count == 1


def test_two_payments_of_one_second_make_one_new_patron(database: Database, session: Session) -> None:
    with writing(database) as write:
        row = patron(write, "a@example.org", FIVE, kyiv(11, 2))
        pay(write, row, kyiv(11, 2))

    assert came(session, month(11)).count == 1


def test_a_second_pledge_beside_a_running_one_is_no_new_patron(database: Database, session: Session) -> None:
    with writing(database) as write:
        patron(write, "a@example.org", FIVE, kyiv(9, 1))
        patron(write, "a@example.org", FIVE, kyiv(11, 2), **DUPLICATE)

    assert came(session, month(11)).count == 0


def test_who_comes_back_is_new_again(database: Database, session: Session) -> None:
    with writing(database) as write:
        ended(write, "a@example.org", FIVE, kyiv(5, 1), ended_at=kyiv(11, 4))
        patron(write, "a@example.org", FIVE, kyiv(11, 9))

    assert (came(session, month(11)).count, went(session, month(11)).count) == (1, 1)


def test_a_patron_who_leaves_in_the_last_second_is_lost_in_that_month(database: Database, session: Session) -> None:
    with writing(database) as write:
        ended(write, "a@example.org", FIVE, kyiv(5, 1), ended_at=kyiv(10, 31, 23, 59, 59))
        ended(write, "b@example.org", FIVE, kyiv(5, 1), ended_at=datetime(2026, 10, 31, 22, 0, tzinfo=UTC))

    october, november = went(session, month(10)), went(session, month(11))

    assert (october.count, november.count) == (1, 1)
    assert october.rows[0].at == kyiv(10, 31, 23, 59, 59)


def test_a_pledge_that_was_never_paid_is_not_lost(database: Database, session: Session) -> None:
    with writing(database) as write:
        over = {"stripe_status": "canceled", "live": False, "why": "ended", "ended_at": kyiv(11, 3)}
        pledge(write, "a@example.org", FIVE, kyiv(11, 2), **over)

    assert went(session, month(11)).count == 0


@pytest.mark.parametrize("ends_first", ["the older", "the newer"])
def test_the_end_of_a_duplicate_loses_nobody(ends_first: str, database: Database, session: Session) -> None:
    with writing(database) as write:
        if ends_first == "the older":
            ended(write, "a@example.org", FIVE, kyiv(9, 1), ended_at=kyiv(11, 5))
            patron(write, "a@example.org", FIVE, kyiv(11, 2))
        else:
            patron(write, "a@example.org", FIVE, kyiv(9, 1))
            ended(write, "a@example.org", FIVE, kyiv(11, 2), ended_at=kyiv(11, 5))

    assert (came(session, month(11)).count, went(session, month(11)).count) == (0, 0)


def test_two_pledges_that_end_together_lose_one_patron(database: Database, session: Session) -> None:
    with writing(database) as write:
        ended(write, "a@example.org", FIVE, kyiv(9, 1), ended_at=kyiv(11, 5))
        ended(write, "a@example.org", FIVE, kyiv(11, 2), ended_at=kyiv(11, 5))

    assert went(session, month(11)).count == 1


def test_the_count_goes_beyond_the_list(database: Database, session: Session) -> None:
    with writing(database) as write:
        for number in range(MOST_ROWS + 1):
            patron(write, f"patron{number}@example.org", FIVE, kyiv(11, 1, 1, number))

    found = came(session, month(11))

    assert (found.count, len(found.rows)) == (MOST_ROWS + 1, MOST_ROWS)
    assert found.rows[0].at == kyiv(11, 1, 1, MOST_ROWS)
