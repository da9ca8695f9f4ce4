"""A try that a bank declined is written down with the payment, and stays when another one succeeds."""

from sqlalchemy import select

from membership.payments.models import Payment
from tests.money import DECLINED, World


def test_what_a_bank_declined_stands_with_the_payment_and_stays_when_it_is_paid(newsroom: World) -> None:
    page = newsroom.give(newsroom.browser()).location
    newsroom.pay(page, DECLINED)
    newsroom.settle()
    declined = payment_of(newsroom)
    assert (declined.state, declined.failure) == ("started", "card_declined")
    assert declined.failed_at is not None
    newsroom.pay(page)
    newsroom.settle()
    paid = payment_of(newsroom)
    assert (paid.state, paid.failure, paid.failed_at) == ("paid", "card_declined", declined.failed_at)


def payment_of(newsroom: World) -> Payment:
    with newsroom.session() as session:
        return session.scalars(select(Payment)).one()
