"""What an attempt knows of a person does not stay longer than it is needed."""

from sqlalchemy import select

from membership.payments.forgetting import forget_traces
from membership.payments.models import Attempt, Payer
from tests.money import DAY, World


def test_a_paid_attempt_gives_its_address_to_the_payer(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalars(select(Attempt.email)).one() is None
        assert session.scalars(select(Payer.email)).one() == "donor@example.org"


def test_what_came_to_nothing_is_forgotten(newsroom: World) -> None:
    newsroom.give(newsroom.browser())
    forget_traces(newsroom.app.extensions["seams"])
    with newsroom.session() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.email, attempt.network_key is None) == ("donor@example.org", False)
    newsroom.advance(3 * DAY)
    forget_traces(newsroom.app.extensions["seams"])
    with newsroom.session() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.email, attempt.email_key, attempt.network_key) == (None, None, None)


def test_two_donations_of_one_address_have_one_payer(newsroom: World) -> None:
    for _ in range(2):
        newsroom.give_and_pay(newsroom.browser())
        newsroom.settle()
    with newsroom.session() as session:
        assert len(session.scalars(select(Payer)).all()) == 1
