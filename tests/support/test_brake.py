"""The brake on card testing: counted before Stripe is asked, with a page that says when and how else."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.accounts.people import account_for
from membership.accounts.roles import grant
from membership.db import transaction
from membership.money import Money
from membership.payments.alarms import open_alarms
from membership.payments.limits import Limits, most_fail
from membership.payments.models import Attempt, Payment
from membership.settings import Settings
from tests.money import World


def tight(newsroom: World, **limits: int) -> None:
    """Lets the brake hold at these counts, and otherwise at those that are the default."""
    values = tuple(vars(Limits(**limits)).values())
    extensions = newsroom.app.extensions
    extensions["settings"] = replace(extensions["settings"], attempts_an_hour=values)


def attempts(newsroom: World) -> int:
    with newsroom.session() as session:
        return session.scalars(select(func.count()).select_from(Attempt)).one()


def alarms(newsroom: World) -> set[str]:
    with newsroom.session() as session:
        return set(open_alarms(session))


def at(network: int, newsroom: World) -> FlaskClient:
    client = newsroom.browser()
    client.environ_base["REMOTE_ADDR"] = f"192.0.{network}.7"
    return client


def plant_payments(session: Session, *, paid: int, failed: int, now: datetime) -> None:
    with transaction(session):
        for number in range(paid + failed):
            has_paid = number < paid
            payment = Payment(
                reference=str(uuid4()),
                source="stripe",
                amount=Money(500, "EUR"),
                state="paid" if has_paid else "started",
                paid_at=now if has_paid else None,
                failed_at=None if has_paid else now,
                created_at=now,
            )
            session.add(payment)


def test_the_defaults_are_those_of_the_design() -> None:
    assert Limits(*Settings.attempts_an_hour) == Limits(network=10, email=5, failing=100, ceiling=3000)


def test_many_attempts_of_one_network_are_braked_before_stripe_is_asked(newsroom: World) -> None:
    tight(newsroom, network=3)
    client = at(2, newsroom)
    answers = [newsroom.give(client, email=f"donor{number}@example.org").status_code for number in range(4)]
    assert answers == [303, 303, 303, 429]
    assert attempts(newsroom) == 3
    assert len(newsroom.api.v1.checkout.sessions.list().data) == 3
    assert newsroom.give(at(3, newsroom), email="elsewhere@example.org").status_code == 303
    assert alarms(newsroom) == {"brake_network"}


def test_the_page_says_when_to_try_again_and_how_else_one_can_give(newsroom: World) -> None:
    tight(newsroom, email=1)
    newsroom.give(newsroom.browser())
    newsroom.advance(600)
    answer = newsroom.give(newsroom.browser())
    assert answer.status_code == 429
    assert 50 * 60 - 60 < int(answer.headers["Retry-After"]) <= 50 * 60 + 1
    assert "Nothing was taken" in answer.text
    assert 'href="/support/other-ways"' in answer.text
    assert 'href="/support?cadence=once&amp;currency=EUR&amp;amount=5"' in answer.text
    newsroom.advance(int(answer.headers["Retry-After"]))
    assert newsroom.give(newsroom.browser()).status_code == 303


def test_one_address_is_braked_whatever_the_network(newsroom: World) -> None:
    tight(newsroom, email=2)
    answers = [newsroom.give(at(number, newsroom)).status_code for number in range(3)]
    assert answers == [303, 303, 429]
    assert alarms(newsroom) == {"brake_email"}


def test_the_same_form_sent_again_is_no_new_attempt(newsroom: World) -> None:
    tight(newsroom, network=1)
    client = newsroom.browser()
    token = newsroom.form_token(client)
    first, second = (newsroom.give(client, token=token) for _ in range(2))
    assert (first.status_code, first.location) == (second.status_code, second.location)


def test_everybody_is_braked_while_most_payments_fail(newsroom: World) -> None:
    tight(newsroom, failing=1)
    assert newsroom.give(at(1, newsroom), email="").status_code == 303
    with newsroom.session() as session:
        plant_payments(session, paid=5, failed=5, now=newsroom.clock.now())
    assert newsroom.give(at(2, newsroom), email="").status_code == 303
    with newsroom.session() as session:
        plant_payments(session, paid=0, failed=1, now=newsroom.clock.now())
    assert newsroom.give(at(3, newsroom), email="").status_code == 429
    assert alarms(newsroom) == {"brake_failing"}


def test_a_declined_card_counts_as_a_payment_that_failed(newsroom: World) -> None:
    checkout = newsroom.give(newsroom.browser()).location
    newsroom.pay(checkout, "4000000000000002")
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalars(select(Payment.failed_at)).one() is not None


@pytest.mark.parametrize(
    ("paid", "failed", "hours_ago", "expected"),
    [(0, 10, 0, True), (4, 6, 0, True), (5, 5, 0, False), (0, 9, 0, False), (0, 20, 1, False)],
)
def test_most_fail_when_more_than_half_of_ten_or_more_did_within_the_hour(
    session: Session, now: datetime, *, paid: int, failed: int, hours_ago: int, expected: bool
) -> None:
    plant_payments(session, paid=paid, failed=failed, now=now)
    assert most_fail(session, now=now + timedelta(hours=hours_ago)) is expected


def test_there_is_a_ceiling_in_any_case(newsroom: World) -> None:
    tight(newsroom, ceiling=1)
    assert [newsroom.give(at(number, newsroom), email="").status_code for number in range(2)] == [303, 429]
    assert alarms(newsroom) == {"brake_ceiling"}


def test_operators_hear_of_a_brake_once(newsroom: World) -> None:
    now = newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        admin, _made = account_for(session, "operator@example.org", language="en", now=now)
        grant(session, admin, "admin", by=None, now=now)
    tight(newsroom, email=1)
    for _ in range(3):
        newsroom.give(newsroom.browser())
    newsroom.work()
    letters = newsroom.letters("something needs an operator")
    assert [letter["To"] for letter in letters] == ["operator@example.org"]
    assert "donor@example.org" not in letters[0].as_string()


def test_those_who_come_at_the_same_instant_are_counted_too(newsroom: World) -> None:
    tight(newsroom, network=3)
    clients = [newsroom.browser() for _ in range(8)]
    tokens = [newsroom.form_token(client) for client in clients]
    together = Barrier(len(clients))

    def give(number: int) -> int:
        together.wait()
        return newsroom.give(clients[number], token=tokens[number], email=f"donor{number}@example.org").status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = sorted(pool.map(give, range(len(clients))))
    assert answers == [303] * 3 + [429] * 5
